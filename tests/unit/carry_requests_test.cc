// SPDX-License-Identifier: MIT
//
// Every request's line of protocols/carry.rules is exercised: a situation in which the app may say
// it, the request itself, an attach to another compositor, and a look at what its rule promises of
// that.
#include <algorithm>
#include <optional>

#include "../fake/carry_fixture.h"
#include "wire/opcodes.gen.h"

namespace wayferry::test {
namespace {

constexpr size_t nowhere = ~size_t{0};

// What one rule promises, checked on one message. The rule is given from outside, so that a test
// can tell a wrong one and see it found out.
class RequestCheck {
 public:
  RequestCheck(Compositors& compositors, const Message& message, const RequestCarry& carry)
      : message_(message), carry_(carry), s_(compositors) {}

  void run() {
    if (carry_.rule == RequestRule::create || carry_.rule == RequestRule::dismiss) {
      makes();
    } else {
      object_ = s_.object(*message_.interface);
      expect(s_.model_of(object_), "an object to say it to cannot be had");
      if (message_.since > s_.model_of(object_)->version)
        refused();
      else
        by_rule();
    }
    expect(s_.at().complaints().empty(),
           "the compositor complains: " +
               (s_.at().complaints().empty() ? "" : s_.at().complaints().front()));
  }

 private:
  void by_rule() {
    switch (carry_.rule) {
      case RequestRule::drop:
        pass(s_.request(object_, message_));
        s_.move();
        return expect(s_.times_heard(message_) == 0, "it is said again");
      case RequestRule::latest:
      case RequestRule::grow:
        return latest();
      case RequestRule::append:
        return append();
      case RequestRule::each:
        return each();
      case RequestRule::pending:
        return pending();
      case RequestRule::focus:
        return focus();
      case RequestRule::destroy:
        return destroy();
      default:
        throw Complaint("the rule is none that this test knows");
    }
  }

  // At the compositor of now, once, in its own numbers.
  void pass(const Saying& saying) {
    const size_t before = s_.times_heard(*saying.message);
    s_.say(saying);
    s_.carry();
    expect(!s_.cut_off(), "the app is cut off");
    expect(s_.times_heard(*saying.message) == before + 1, "it is not passed on once");
    expect(same_with_serial(last_of(*saying.message), saying), "it is passed on as another");
  }

  Arrived last_of(const Message& message) {
    const std::vector<Arrived> heard = s_.at().heard();
    const auto last = std::find_if(heard.rbegin(), heard.rend(),
                                   [&](const Arrived& a) { return a.message == &message; });
    expect(last != heard.rend(), "it is not heard");
    return *last;
  }

  bool same_with_serial(const Arrived& arrived, const Saying& saying) {
    const Decoded decoded = arrived.decoded();
    for (size_t i = 0; i < decoded.count; ++i)
      if (arrived.message->args[i].serial && decoded.values[i].word != s_.last_serial_there())
        return false;
    return s_.same_at_compositor(arrived, saying);
  }

  size_t place(const Saying& saying) {
    const std::vector<Arrived> heard = s_.at().heard();
    for (size_t i = heard.size(); i-- > 0;)
      if (s_.same_at_compositor(heard[i], saying)) return i;
    return nowhere;
  }

  size_t first_place(const Saying& saying) {
    const std::vector<Arrived> heard = s_.at().heard();
    const auto same = [&](const Arrived& arrived) {
      return s_.same_at_compositor(arrived, saying);
    };
    const auto at = std::ranges::find_if(heard, same);
    return at == heard.end() ? nowhere : static_cast<size_t>(at - heard.begin());
  }

  void refused() {
    s_.say(s_.request(object_, message_));
    s_.carry();
    expect(s_.cut_off(), "it is newer than the object, and taken all the same");
  }

  void latest() {
    pass(s_.request(object_, message_));
    std::vector<const Message*> others;
    for (const Message& other : message_.interface->requests) {
      const RequestCarry& rule = request_carry(other);
      if (&other == &message_ || rule.rule != carry_.rule || rule.group != carry_.group) continue;
      pass(s_.request(object_, other));
      others.push_back(&other);
    }
    const Saying last = s_.request(object_, message_);
    pass(last);
    s_.move();
    expect(s_.times_heard(message_) == 1, "it is not said again once");
    expect(s_.times_heard(last) == 1, "what is said again is not the last of it");
    for (const Message* other : others)
      expect(s_.times_heard(*other) == 0, qualified_name(*other) + " is said again, too");
    if (carry_.rule != RequestRule::grow) return;
    const std::vector<Arrived> heard = s_.at().heard();
    const auto made = made_argument(*heard[place(last) - 1].message);
    expect(made && heard[place(last) - 1].decoded().values[*made].word == s_.there(object_),
           "it does not follow at once on its object's making");
  }

  void append() {
    const Saying first = s_.request(object_, message_);
    pass(first);
    const Saying second = s_.request(object_, message_);
    pass(second);
    s_.move();
    expect(s_.times_heard(first) == 1 && s_.times_heard(second) == 1, "not all is said again");
    expect(place(first) < place(second), "the order is another");
  }

  void each() {
    const Saying replaced = s_.request(object_, message_);
    pass(replaced);
    Saying kept = s_.request(object_, message_);
    kept.words[0] = replaced.words[0];
    pass(kept);
    const Saying of_another = s_.request(object_, message_);
    pass(of_another);
    s_.move();
    expect(s_.times_heard(message_) == 2, "it is not said again once for each");
    expect(s_.times_heard(kept) == 1 && s_.times_heard(of_another) == 1,
           "what is said again is not the last of each");
  }

  void pending() {
    const Object* surface = s_.relay().model().objects.find(s_.model_of(object_)->surface);
    const uint32_t applies = message_.interface == &protocol::wl_surface ? object_
                             : surface                                   ? raw(surface->app_id)
                                                                         : 0;
    expect(applies != 0, "there is no surface whose commit would count");
    const Message& commit = protocol::wl_surface.requests[request::wl_surface::commit];
    const Saying committed = s_.request(object_, message_);
    pass(committed);
    s_.say(s_.request(applies, commit));
    const Saying waiting = s_.request(object_, message_);
    pass(waiting);
    s_.move();
    const size_t last_commit = place(s_.request(applies, commit));
    expect(first_place(committed) != nowhere && place(waiting) != nowhere, "it is not said again");
    expect(last_commit != nowhere && first_place(committed) < last_commit, "nothing commits it");
    expect(last_commit < place(waiting), "what waited for a commit is committed");
  }

  void focus() {
    const Saying saying = s_.request(object_, message_);
    pass(saying);
    s_.move();
    s_.carry();
    expect(s_.times_heard(message_) == 0, "it is said again before there is a serial for it");
    s_.fresh_serial();
    s_.carry();
    expect(s_.times_heard(message_) == 1, "it is not said again with the focus");
    expect(same_with_serial(last_of(message_), saying), "it is said again as another");
    s_.fresh_serial();
    s_.carry();
    expect(s_.times_heard(message_) == 1, "it is said again with each focus");
  }

  void destroy() {
    const uint32_t there = s_.there(object_);
    s_.say(s_.request(object_, message_));
    const auto heard = s_.carry();
    const Arrived arrived = last_of(message_);
    expect(arrived.object == there, "it is not passed on");
    expect(!s_.at().living().contains(there), "its object lives on at the compositor");
    const bool freed = std::ranges::any_of(heard, [&](const Arrived& event) {
      return event.is("wl_display.delete_id") && event.decoded().values[0].word == object_;
    });
    constexpr uint32_t first_server = 0xff000000;
    expect(freed || object_ >= first_server, "its number is not freed");
    s_.move();
    s_.carry();
    expect(s_.at().living().size() == living_in_model(), "something lives on at the next one");
  }

  // With the link's registry in place of the app's.
  size_t living_in_model() {
    size_t count = 0;
    for (const Object* object : s_.relay().model().objects.in_order())
      count +=
          object->life == Life::alive && (!object->inert() || object->is(protocol::wl_registry));
    return count;
  }

  void makes() {
    object_ = s_.object(*message_.interface);
    expect(s_.model_of(object_), "an object that says it cannot be had");
    if (message_.since > s_.model_of(object_)->version) return refused();
    const Saying saying = s_.request(object_, message_);
    const bool answered_at_once =
        &message_ == &protocol::wl_display.requests[request::wl_display::sync];
    if (answered_at_once) {
      s_.say(saying);
      s_.relay().drain_app();
    } else {
      pass(saying);
    }
    s_.move();
    const auto told = s_.carry();
    if (carry_.rule == RequestRule::dismiss) return dismissed(saying, told);
    // Its like is said by the link as well.
    if (answered_at_once)
      return expect(tells(told, saying.made, "done"), "the app does not hear its answer");
    // What only the last compositor could make is not there to be named.
    if (names_compositors_object(saying))
      return expect(s_.times_heard(message_) == 0 && s_.model_of(saying.made),
                    "it is said of what is not there, or its object is gone");
    expect(s_.times_heard(message_) == 1, "it is not said again once");
    expect(s_.times_heard(saying) == 1, "it is said again as another");
    const auto living = s_.at().living();
    const auto at = living.find(s_.there(saying.made));
    expect(at != living.end() && at->second == message_.args[*made_argument(message_)].interface,
           "what it makes is not there");
  }

  bool names_compositors_object(const Saying& saying) {
    for (size_t i = 0; i < message_.args.size(); ++i)
      if (message_.args[i].type == ArgType::object && saying.words[i] >= 0xff000000) return true;
    return false;
  }

  void dismissed(const Saying& saying, const std::vector<Arrived>& told) {
    const Interface& made = *message_.args[*made_argument(message_)].interface;
    expect(s_.times_heard(message_) == 0, "it is said again");
    expect(tells(told, saying.made, made.events[static_cast<size_t>(carry_.dismissal)].name),
           "the app is not told that it came to nothing");
  }

  static bool tells(const std::vector<Arrived>& told, uint32_t object, std::string_view event) {
    return std::ranges::any_of(told, [&](const Arrived& arrived) {
      return arrived.object == object && arrived.message->name == event;
    });
  }

  const Message& message_;
  const RequestCarry& carry_;
  Situation s_;
  uint32_t object_ = 0;
};

TEST_F(CarryRules, EveryRequestIsCarriedAsItsRuleSays) {
  size_t checked = 0;
  for (const Interface* interface : all_interfaces())
    for (const Message& message : interface->requests) {
      const RequestCarry& carry = request_carry(message);
      if (!is_checked_by_rule(carry.rule) || !Situation::reachable(*interface)) continue;
      if (interface == &protocol::wl_fixes) continue;  // answered by us: no compositor hears it
      EXPECT_EQ(complaint<RequestCheck>(message, carry), "") << name_of(message, false);
      ++checked;
    }
  EXPECT_GT(checked, 200u) << "of " << all_request_rules().size();
}

// With another rule than its own, a message must be found out: else these tests could not fail.
TEST_F(CarryRules, AWrongRuleIsFoundOut) {
  using Rule = RequestRule;
  const struct {
    const Interface& interface;
    uint16_t opcode;
    Rule wrong;
    const char* complaint;
  } requests[] = {
      {protocol::xdg_toplevel, request::xdg_toplevel::set_title, Rule::drop, "it is said again"},
      {protocol::xdg_toplevel, request::xdg_toplevel::move, Rule::latest,
       "it is not said again once"},
      {protocol::wl_region, request::wl_region::add, Rule::latest, "it is not said again once"},
      {protocol::xdg_toplevel, request::xdg_toplevel::set_title, Rule::append,
       "not all is said again"},
      {protocol::xdg_toplevel, request::xdg_toplevel::set_parent, Rule::grow,
       "it does not follow at once on its object's making"},
      {protocol::wl_surface, request::wl_surface::damage, Rule::pending, "it is not said again"},
      {protocol::xdg_toplevel, request::xdg_toplevel::set_title, Rule::pending,
       "it is not said again"},
      {protocol::wl_surface, request::wl_surface::set_buffer_scale, Rule::append,
       "not all is said again"},
      {protocol::xdg_toplevel_icon_v1, request::xdg_toplevel_icon_v1::add_buffer, Rule::each,
       "it is not said again once for each"},
      {protocol::xdg_toplevel, request::xdg_toplevel::move, Rule::focus,
       "it is not said again with the focus"},
      {protocol::wl_compositor, request::wl_compositor::create_surface, Rule::dismiss,
       "it is said again"},
      {protocol::wp_presentation, request::wp_presentation::feedback, Rule::create,
       "it is not said again once"},
      {protocol::wl_surface, request::wl_surface::attach, Rule::destroy,
       "its object lives on at the compositor"},
  };
  for (const auto& row : requests) {
    const Message& message = row.interface.requests[row.opcode];
    RequestCarry doctored = request_carry(message);
    doctored.rule = row.wrong;
    doctored.dismissal = 0;
    EXPECT_EQ(complaint<RequestCheck>(message, doctored), row.complaint) << name_of(message, false);
  }
}

}  // namespace
}  // namespace wayferry::test
