// SPDX-License-Identifier: MIT
//
// Every line of protocols/carry.rules is exercised: for each message that an app can say or hear,
// a situation in which it is legal, the message itself, an attach to another compositor, and a look
// at what its rule promises of that. A new message is covered by having a rule; one whose rule is
// `code` must name its test below.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "../fake/situation.h"
#include "model/carry.h"
#include "util/error.h"
#include "wire/opcodes.gen.h"

namespace wayferry::test {
namespace {

// The tests of messages whose rule is `code`.
const std::map<std::string, std::string> code_tests = {
    {"wl_display.get_registry", "RelayTest.OffersOnlyTheBaselineInTheLowerVersion"},
    {"wl_registry.bind", "RelayCodeTest.GlobalsAreBoundByTheNamesOfTheCompositorOfNow"},
    {"wl_surface.commit", "RelayTest.RebuildsAWindowAtAnotherCompositor"},
    {"wl_surface.frame", "RelayTest.PendingFrameCallbacksAreAskedForAgain"},
    {"wl_subsurface.place_above", "RelayTest.SubSurfacesKeepTheirParentAndOrderAndComeBeforeIt"},
    {"wl_subsurface.place_below", "RelayTest.SubSurfacesKeepTheirParentAndOrderAndComeBeforeIt"},
    {"wl_subsurface.set_sync", "AttachProperty.ReachesTheSceneThatTheSameRequestsReachDirectly"},
    {"wl_subsurface.set_desync", "AttachProperty.ReachesTheSceneThatTheSameRequestsReachDirectly"},
    {"wl_seat.get_pointer", "RelayCodeTest.DevicesThatTheSeatLacksAreInertUntilItHasThem"},
    {"wl_seat.get_keyboard", "RelayCodeTest.DevicesThatTheSeatLacksAreInertUntilItHasThem"},
    {"wl_seat.get_touch", "RelayCodeTest.DevicesThatTheSeatLacksAreInertUntilItHasThem"},
    {"wl_data_device.start_drag", "RelayDragTest.ADragEndsForItsSource"},
    {"wl_data_source > cancelled", "RelayDragTest.WhatTheCompositorCancelledIsNotCancelledAgain"},
    {"wl_data_source > dnd_finished", "RelayDragTest.WhatHasFinishedIsNotCancelled"},
    {"wl_data_device > drop", "RelayDragTest.WhatWasDroppedIsNotLeft"},
    {"xdg_surface.ack_configure", "RelayTest.DropsSerialsOfAnEarlierCompositor"},
    {"xdg_popup.grab", "RelayCodeTest.APopupWithAGrabIsDismissed"},
    {"zwlr_layer_surface_v1.ack_configure", "RelayCodeTest.ALayerSurfaceIsConfiguredByUs"},
    {"zwp_text_input_v3.commit", "RelayCodeTest.ATextInputsCommitsAreCountedOn"},
    {"wl_display > error", "RelayCodeTest.ACompositorsErrorReachesTheApp"},
    {"wl_display > delete_id", "RelayTest.ALostGlobalMakesTheAppFallBack"},
    {"wl_registry > global", "RelayCodeTest.GlobalsComeAndGo"},
    {"wl_registry > global_remove", "RelayCodeTest.GlobalsComeAndGo"},
    {"wl_buffer > release", "RelayTest.ReleasesOnlyBuffersThatTheAppBelievesBusy"},
    {"wl_fixes.destroy_registry", "BridgeTest.ARegistryCanBeGivenUp"},
    {"wl_output > scale", "BridgeTest.AScaleThatChangesUnderAWindowIsToldToIt"},
    {"wl_seat > capabilities", "RelayCodeTest.DevicesThatTheSeatLacksAreInertUntilItHasThem"},
    {"wl_keyboard > keymap", "RelayCodeTest.AKeymapIsGivenAsAFileOfOurs"},
    {"xdg_wm_base > ping", "RelayTest.HeldEventsWaitAndPingsAreAnswered"},
    {"xdg_surface > configure", "RelayTest.RebuildsAWindowAtAnotherCompositor"},
    {"xdg_toplevel > configure", "RelayCodeTest.ASizeThatDiffersReachesTheApp"},
    {"xdg_popup > configure", "RelayCodeTest.APopupIsPutBackWhereItWas"},
    {"zwlr_layer_surface_v1 > configure", "RelayCodeTest.ALayerSurfaceIsConfiguredByUs"},
    {"zwp_text_input_v3 > done", "RelayCodeTest.ATextInputsCommitsAreCountedOn"},
};

struct Complaint : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void expect(bool good, const std::string& text) {
  if (!good) throw Complaint(text);
}

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

class EventCheck {
 public:
  EventCheck(Compositors& compositors, const Message& message, const EventCarry& carry)
      : message_(message), carry_(carry), s_(compositors) {}

  void run() {
    object_ = s_.object(*message_.interface);
    expect(s_.model_of(object_), "an object that says it cannot be had");
    if (message_.since > s_.model_of(object_)->version) {
      s_.tell(s_.event(object_, message_));
      return expect(count(s_.carry(), message_) == 0, "it is newer than the object, and told");
    }
    by_rule();
    expect(s_.at().complaints().empty(), "the compositor complains");
  }

 private:
  void by_rule() {
    switch (carry_.rule) {
      case EventRule::pass:
        return pass();
      case EventRule::stream:
        return stream();
      case EventRule::until:
        return until();
      case EventRule::ends:
        return ends();
      case EventRule::null:
        return null();
      default:
        throw Complaint("the rule is none that this test knows");
    }
  }

  // To the app, once, in its own numbers. Returns it as it was heard.
  Arrived told(const Saying& saying) {
    s_.tell(saying);
    const auto heard = s_.carry();
    expect(count(heard, *saying.message) == 1, "it is not told once");
    const Arrived arrived = *std::ranges::find(heard, saying.message, &Arrived::message);
    expect(s_.same_at_app(arrived, saying), "it is told as another");
    return arrived;
  }

  size_t count(const std::vector<Arrived>& heard, const Message& message) {
    return static_cast<size_t>(std::ranges::count_if(heard, [&](const Arrived& arrived) {
      return arrived.message == &message && arrived.object == object_;
    }));
  }

  std::vector<Arrived> heard_at_another() {
    s_.move();
    return s_.carry();
  }

  // An object that has nothing behind it at the other compositor may say so in these very words.
  bool says_that_it_is_inert() const {
    return traits_of(*message_.interface).without == message_.opcode;
  }

  void pass() {
    told(s_.event(object_, message_));
    const size_t again = count(heard_at_another(), message_);
    expect(again == 0 || (again == 1 && says_that_it_is_inert()), "it is told again");
  }

  void stream() {
    told(s_.event(object_, message_));
    const Saying saying = s_.event(object_, message_);
    s_.relay().hold(true);
    s_.tell(saying);
    s_.tell(saying);
    s_.carry();
    s_.relay().hold(false);
    expect(count(s_.carry(), message_) == 1, "what came while the app was held is not told once");
    told(s_.event(object_, message_));
    expect(count(heard_at_another(), message_) == 0, "it is told again");
  }

  void until() {
    const Message& closing = message_.interface->events[static_cast<size_t>(carry_.closing)];
    const Arrived opening = told(s_.event(object_, message_));
    const auto heard = heard_at_another();
    expect(count(heard, closing) == 1, "its end is not told once");
    closes(*std::ranges::find(heard, &closing, &Arrived::message), opening);
  }

  void closes(const Arrived& closing, const Arrived& opening) {
    const Decoded end = closing.decoded();
    const Decoded start = opening.decoded();
    for (size_t i = 0; i < end.count; ++i) {
      const Argument& arg = closing.message->args[i];
      const uint32_t word = end.values[i].word;
      const auto same = std::ranges::find(message_.args, arg.name, &Argument::name);
      if (arg.serial)
        expect(word > value_of(message_, start, "serial").word, "its end has an older serial");
      else if (arg.type == ArgType::object && same != message_.args.end())
        expect(word == value_of(message_, start, arg.name).word, "its end names another object");
      else
        expect(word == carry_.closing_argument, "its end has another number");
    }
  }

  void ends() {
    const auto opener = std::ranges::find_if(message_.interface->events, [&](const Message& event) {
      return event_carry(event).rule == EventRule::until &&
             event_carry(event).closing == message_.opcode;
    });
    expect(opener != message_.interface->events.end(), "it ends nothing");
    const Saying opening = s_.event(object_, *opener);
    told(opening);
    Saying ending = s_.event(object_, message_);
    for (size_t i = 0; i < message_.args.size(); ++i)
      for (size_t j = 0; j < opener->args.size(); ++j)
        if (message_.args[i].type == ArgType::object &&
            opener->args[j].name == message_.args[i].name)
          ending.words[i] = opening.words[j];
    told(ending);
    expect(count(heard_at_another(), message_) == 0, "what had ended ends again");
  }

  void null() {
    told(s_.event(object_, message_));
    auto heard = heard_at_another();
    expect(count(heard, message_) == 1, "it does not end at the next compositor");
    const Arrived end = *std::ranges::find(heard, &message_, &Arrived::message);
    expect(end.decoded().values[0].word == 0, "its end is not null");
    told(s_.event(object_, message_, true));
    s_.move_to_bare();
    expect(count(s_.carry(), message_) == 0, "nothing ends as well");
  }

  const Message& message_;
  const EventCarry& carry_;
  Situation s_;
  uint32_t object_ = 0;
};

std::string name_of(const Message& message, bool event) {
  return std::string(message.interface->name) + (event ? " > " : ".") + std::string(message.name);
}

class CarryRules : public ::testing::Test {
 protected:
  CarryRules() : folder_(make_folder()), compositors_(folder_) {}
  ~CarryRules() override { std::filesystem::remove_all(folder_); }

  static Path make_folder() {
    Path folder = std::filesystem::temp_directory_path() / ("carry." + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    return folder;
  }

  template <typename Check, typename Carry>
  std::string complaint(const Message& message, const Carry& carry) {
    try {
      Check(compositors_, message, carry).run();
    } catch (const Complaint& error) {
      return error.what();
    } catch (const std::exception& error) {
      return std::string("it does not even work: ") + error.what();
    }
    return "";
  }

  std::string of_request(const Message& message, const RequestCarry& carry) {
    return complaint<RequestCheck>(message, carry);
  }
  std::string of_event(const Message& message, const EventCarry& carry) {
    return complaint<EventCheck>(message, carry);
  }

  Path folder_;
  Compositors compositors_;
};

// An object that no app can have is told by an event that is newer than all we offer.
TEST_F(CarryRules, WhatIsOnlyReachedByNewerEventsIsNotTold) {
  const Interface& group = protocol::zwp_tablet_pad_group_v2;
  ASSERT_FALSE(Situation::reachable(protocol::zwp_tablet_pad_dial_v2));
  Situation s(compositors_);
  s.tell(s.event(s.object(group), group.events[event::zwp_tablet_pad_group_v2::dial]));
  EXPECT_TRUE(s.carry().empty());
  for (const auto& [id, interface] : s.at().living())
    if (interface == &protocol::zwp_tablet_pad_dial_v2)
      s.at().send("zwp_tablet_pad_dial_v2", "frame", {0u});
  EXPECT_TRUE(s.carry().empty());
}

// A message that no app can reach has no rule, and one with code has its own test.
template <typename Rule>
bool is_checked_here(Rule rule) {
  return rule != Rule::none && rule != Rule::code;
}

TEST_F(CarryRules, EveryRequestIsCarriedAsItsRuleSays) {
  size_t checked = 0;
  for (const Interface* interface : all_interfaces())
    for (const Message& message : interface->requests) {
      const RequestCarry& carry = request_carry(message);
      if (!is_checked_here(carry.rule) || !Situation::reachable(*interface)) continue;
      if (interface == &protocol::wl_fixes) continue;  // answered by us: no compositor hears it
      EXPECT_EQ(of_request(message, carry), "") << name_of(message, false);
      ++checked;
    }
  EXPECT_GT(checked, 200u) << "of " << all_request_rules().size();
}

TEST_F(CarryRules, EveryEventIsCarriedAsItsRuleSays) {
  size_t checked = 0;
  for (const Interface* interface : all_interfaces())
    for (const Message& message : interface->events) {
      const EventCarry& carry = event_carry(message);
      if (!is_checked_here(carry.rule) || !Situation::reachable(*interface)) continue;
      EXPECT_EQ(of_event(message, carry), "") << name_of(message, true);
      ++checked;
    }
  EXPECT_GT(checked, 120u) << "of " << all_event_rules().size();
}

bool is_a_test(const std::string& name) {
  const auto& all = *::testing::UnitTest::GetInstance();
  for (int i = 0; i < all.total_test_suite_count(); ++i)
    for (int j = 0; j < all.GetTestSuite(i)->total_test_count(); ++j)
      if (std::string(all.GetTestSuite(i)->name()) + "." +
              all.GetTestSuite(i)->GetTestInfo(j)->name() ==
          name)
        return true;
  return false;
}

TEST_F(CarryRules, EveryMessageWithCodeNamesATestThatExists) {
  std::map<std::string, std::string> unused = code_tests;
  const auto look = [&](const Message& message, bool event, bool code) {
    if (!code) return;
    const auto named = code_tests.find(name_of(message, event));
    ASSERT_NE(named, code_tests.end()) << name_of(message, event) << " has no test";
    EXPECT_TRUE(is_a_test(named->second)) << named->second;
    unused.erase(named->first);
  };
  for (const Interface* interface : all_interfaces()) {
    for (const Message& message : interface->requests)
      look(message, false, request_carry(message).rule == RequestRule::code);
    for (const Message& message : interface->events)
      look(message, true, event_carry(message).rule == EventRule::code);
  }
  for (const auto& [message, test] : unused) ADD_FAILURE() << message << " has no code";
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
    EXPECT_EQ(of_request(message, doctored), row.complaint) << name_of(message, false);
  }
}

TEST_F(CarryRules, AWrongRuleOfAnEventIsFoundOut) {
  const Message& enter = protocol::wl_pointer.events[event::wl_pointer::enter];
  const Message& leave = protocol::wl_pointer.events[event::wl_pointer::leave];
  const Message& motion = protocol::wl_pointer.events[event::wl_pointer::motion];
  const Message& button = protocol::wl_pointer.events[event::wl_pointer::button];
  const Message& selection = protocol::wl_data_device.events[event::wl_data_device::selection];
  const auto leave_opcode = static_cast<int16_t>(leave.opcode);
  EXPECT_EQ(of_event(leave, {EventRule::pass, -1, 0}), "");
  EXPECT_EQ(of_event(motion, {EventRule::until, leave_opcode, 0}), "its end is not told once");
  EXPECT_EQ(of_event(button, {EventRule::stream, -1, 0}),
            "what came while the app was held is not told once");
  EXPECT_EQ(of_event(button, {EventRule::ends, -1, 0}), "it ends nothing");
  EXPECT_EQ(of_event(enter, {EventRule::null, -1, 0}), "it does not end at the next compositor");
  EXPECT_EQ(of_event(selection, {EventRule::pass, -1, 0}), "it is told again");
}

// Objects with nothing behind them say what makes an app fall back; those whose global is required
// come to this in other ways, and have tests of their own.
TEST_F(CarryRules, EveryObjectWithoutCounterpartSaysSo) {
  const std::map<const Interface*, std::string> elsewhere = {
      {&protocol::wl_callback, "RelayCodeTest.FrameCallbacksOfWhatIsNotThereFireOnce"},
      {&protocol::xdg_popup, "RelayCodeTest.APopupWithAGrabIsDismissed"}};
  for (const InterfaceCarry& traits : all_traits()) {
    if (traits.without < 0) continue;
    if (const auto named = elsewhere.find(traits.interface); named != elsewhere.end()) {
      EXPECT_TRUE(is_a_test(named->second)) << named->second;
      continue;
    }
    Situation s(compositors_);
    const uint32_t object = s.object(*traits.interface);
    const Message& event = traits.interface->events[static_cast<size_t>(traits.without)];
    s.move_to_bare();
    const auto heard = s.carry();
    const auto said = std::ranges::find(heard, &event, &Arrived::message);
    ASSERT_NE(said, heard.end()) << qualified_name(event);
    EXPECT_EQ(said->object, object);
    const Decoded decoded = said->decoded();
    for (size_t i = 0; i < decoded.count; ++i)
      EXPECT_TRUE(event.args[i].type == ArgType::string ||
                  decoded.values[i].word == traits.without_argument)
          << qualified_name(event);
  }
}

}  // namespace
}  // namespace wayferry::test
