// SPDX-License-Identifier: MIT
//
// Every event's line of protocols/carry.rules is exercised, as the requests' are.
#include <algorithm>

#include "../fake/carry_fixture.h"
#include "wire/opcodes.gen.h"

namespace wayferry::test {
namespace {

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

TEST_F(CarryRules, EveryEventIsCarriedAsItsRuleSays) {
  size_t checked = 0;
  for (const Interface* interface : all_interfaces())
    for (const Message& message : interface->events) {
      const EventCarry& carry = event_carry(message);
      if (!is_checked_by_rule(carry.rule) || !Situation::reachable(*interface)) continue;
      EXPECT_EQ(complaint<EventCheck>(message, carry), "") << name_of(message, true);
      ++checked;
    }
  EXPECT_GT(checked, 120u) << "of " << all_event_rules().size();
}

TEST_F(CarryRules, AWrongRuleOfAnEventIsFoundOut) {
  const Message& enter = protocol::wl_pointer.events[event::wl_pointer::enter];
  const Message& leave = protocol::wl_pointer.events[event::wl_pointer::leave];
  const Message& motion = protocol::wl_pointer.events[event::wl_pointer::motion];
  const Message& button = protocol::wl_pointer.events[event::wl_pointer::button];
  const Message& selection = protocol::wl_data_device.events[event::wl_data_device::selection];
  const auto leave_opcode = static_cast<int16_t>(leave.opcode);
  EXPECT_EQ(complaint<EventCheck>(leave, EventCarry{EventRule::pass, -1, 0}), "");
  EXPECT_EQ(complaint<EventCheck>(motion, EventCarry{EventRule::until, leave_opcode, 0}),
            "its end is not told once");
  EXPECT_EQ(complaint<EventCheck>(button, EventCarry{EventRule::stream, -1, 0}),
            "what came while the app was held is not told once");
  EXPECT_EQ(complaint<EventCheck>(button, EventCarry{EventRule::ends, -1, 0}), "it ends nothing");
  EXPECT_EQ(complaint<EventCheck>(enter, EventCarry{EventRule::null, -1, 0}),
            "it does not end at the next compositor");
  EXPECT_EQ(complaint<EventCheck>(selection, EventCarry{EventRule::pass, -1, 0}),
            "it is told again");
}

}  // namespace
}  // namespace wayferry::test
