// SPDX-License-Identifier: MIT
//
// Whatever a compositor says, and however often, to an app that does not read: what waits for the
// app is bounded, and no key, button or finger is down for it that is not.
#include <map>

#include "../fake/carry_fixture.h"
#include "../fake/relay_fixture.h"
#include "monitor/backlog_rules.h"
#include "monitor/served_connection.h"

namespace wayferry::test {
namespace {

constexpr Backlog::Limits small = {.much = {128, 64u << 10, 16}, .too_much = {512, 256u << 10, 64}};
constexpr int times = 600;  // more than too much
constexpr int at_once = 50;

// What cannot be thinned out, and who bounds it. In such a flood the compositor is left, and an
// attach tells the app everything anew as soon as it reads.
const std::map<std::string, std::string> unbounded = {
    {"wl_seat.capabilities", "devices plugged: an app must know of each, theirs become useless"},
    {"wl_touch.cancel", "fingers that come and go without a way up"},
    {"xdg_popup.repositioned", "one an app's request"},
    {"xdg_activation_token_v1.done", "one an app's request"},
    {"zwp_tablet_seat_v2.tablet_added", "tablets plugged"},
    {"zwp_tablet_seat_v2.tool_added", "pens brought"},
    {"zwp_tablet_seat_v2.pad_added", "pads plugged"},
    {"zwp_tablet_v2.name", "once in a tablet's life"},
    {"zwp_tablet_v2.id", "once in a tablet's life"},
    {"zwp_tablet_v2.path", "once in a tablet's life"},
    {"zwp_tablet_v2.done", "once in a tablet's life"},
    {"zwp_tablet_v2.removed", "once in a tablet's life"},
    {"zwp_tablet_tool_v2.type", "once in a tool's life"},
    {"zwp_tablet_tool_v2.hardware_serial", "once in a tool's life"},
    {"zwp_tablet_tool_v2.hardware_id_wacom", "once in a tool's life"},
    {"zwp_tablet_tool_v2.capability", "once in a tool's life"},
    {"zwp_tablet_tool_v2.done", "once in a tool's life"},
    {"zwp_tablet_tool_v2.removed", "once in a tool's life"},
    {"zwp_tablet_pad_v2.group", "once in a pad's life"},
    {"zwp_tablet_pad_v2.path", "once in a pad's life"},
    {"zwp_tablet_pad_v2.buttons", "once in a pad's life"},
    {"zwp_tablet_pad_v2.done", "once in a pad's life"},
    {"zwp_tablet_pad_v2.removed", "once in a pad's life"},
    {"zwp_tablet_pad_group_v2.buttons", "once in a pad's life"},
    {"zwp_tablet_pad_group_v2.ring", "once in a pad's life"},
    {"zwp_tablet_pad_group_v2.strip", "once in a pad's life"},
    {"zwp_tablet_pad_group_v2.modes", "once in a pad's life"},
    {"zwp_tablet_pad_group_v2.done", "once in a pad's life"},
    {"zxdg_exported_v2.handle", "once in its life"},
    {"zxdg_imported_v2.destroyed", "once in its life"},
};

// One kind of event, over and over, as it may come: what begins ends before it begins again.
class Flood {
 public:
  Flood(Compositors& compositors, const Message& event) : event_(event), s_(compositors) {
    object_ = s_.object(*event.interface);
  }

  bool possible() { return s_.model_of(object_) && event_.since <= s_.model_of(object_)->version; }

  // True: the relay has left the compositor for it.
  bool run() {
    const Saying opening = saying();
    const Saying closing = closing_of(opening);
    s_.relay().limit_backlog(small);
    s_.relay().hold(true);
    try {
      for (int i = 0; i < times; i += at_once) {
        for (int j = 0; j < at_once; ++j) tell(opening, closing);
        s_.carry();
        look();
      }
    } catch (const CompositorLost&) {
      look();
      return true;
    }
    return false;
  }

  // What the app hears of it when it reads again.
  std::vector<Arrived> heard() {
    s_.relay().hold(false);
    return s_.carry();
  }

 private:
  Saying saying() {
    Saying saying = s_.event(object_, event_);
    set_state(saying, 1);
    return saying;
  }

  Saying closing_of(const Saying& opening) {
    const EventCarry& carry = event_carry(event_);
    Saying closing = opening;
    set_state(closing, 0);
    if (carry.rule != EventRule::until) return closing;
    const auto up = static_cast<size_t>(carry.closing);
    const bool finger = backlog_rule(event_).key == "id";
    closing = s_.event(object_, finger ? protocol::wl_touch.events[event::wl_touch::up]
                                       : event_.interface->events[up]);
    for (size_t i = 0; i < closing.message->args.size(); ++i)
      for (size_t j = 0; j < event_.args.size(); ++j)
        if (closing.message->args[i].name == event_.args[j].name)
          closing.words[i] = opening.words[j];
    return closing;
  }

  static void set_state(Saying& saying, uint32_t state) {
    const auto& args = saying.message->args;
    const auto at = std::ranges::find(args, "state", &Argument::name);
    if (at != args.end() && backlog_rule(*saying.message).thinning == Thinning::stroke)
      saying.words[static_cast<size_t>(at - args.begin())] = state;
  }

  // What has no ends of its own has its number counted up: no two are the same.
  void tell(const Saying& opening, const Saying& closing) {
    s_.tell(opening);
    if (closing.message != opening.message || closing.words != opening.words) s_.tell(closing);
  }

  void look() {
    const Backlog& backlog = s_.relay().backlog();
    EXPECT_LE(backlog.size(), small.too_much.entries) << qualified_name(event_);
    EXPECT_LE(backlog.files(), small.too_much.files) << qualified_name(event_);
    EXPECT_LE(backlog.bytes(), small.too_much.bytes + max_message_size) << qualified_name(event_);
  }

  const Message& event_;
  Situation s_;
  uint32_t object_ = 0;
};

class BacklogFloods : public CarryRules {
 protected:
  // An end comes with its beginning; what ends an object comes once; the display's and registries'
  // words are about what the app has made and what is plugged.
  static bool floods(const Message& event) {
    const EventRule rule = event_carry(event).rule;
    return rule != EventRule::none && !event.destructor &&
           event.interface != &protocol::wl_display && event.interface != &protocol::wl_registry &&
           backlog_rule(event).thinning != Thinning::up &&
           (rule != EventRule::ends || &event == &cancel()) &&
           Situation::reachable(*event.interface);
  }
  static const Message& cancel() { return protocol::wl_touch.events[event::wl_touch::cancel]; }
};

size_t number_down(const std::vector<Arrived>& heard) {
  return static_cast<size_t>(std::ranges::count_if(heard, [](const Arrived& arrived) {
    const Thinning thinning = backlog_rule(*arrived.message).thinning;
    return thinning == Thinning::down ||
           (thinning == Thinning::stroke &&
            value_of(*arrived.message, arrived.decoded(), "state").word != 0);
  }));
}

size_t number_up(const std::vector<Arrived>& heard) {
  return static_cast<size_t>(std::ranges::count_if(heard, [](const Arrived& arrived) {
    const Thinning thinning = backlog_rule(*arrived.message).thinning;
    return thinning == Thinning::up ||
           (thinning == Thinning::stroke &&
            value_of(*arrived.message, arrived.decoded(), "state").word == 0);
  }));
}

TEST_F(BacklogFloods, EveryFloodIsBounded) {
  size_t seen = 0;
  for (const Interface* interface : all_interfaces())
    for (const Message& event : interface->events) {
      if (!floods(event)) continue;
      Flood flood(compositors_, event);
      if (!flood.possible()) continue;
      ++seen;
      const bool left = flood.run();
      EXPECT_EQ(left, unbounded.contains(qualified_name(event))) << qualified_name(event);
      if (left) continue;
      const auto heard = flood.heard();
      EXPECT_EQ(number_down(heard), number_up(heard)) << qualified_name(event);
    }
  EXPECT_GT(seen, 120u);
}

// The rules of carrying and those of waiting speak of the same streams.
TEST(BacklogRules, StreamsAreThinnedOut) {
  for (const Interface* interface : all_interfaces())
    for (const Message& event : interface->events) {
      if (event_carry(event).rule != EventRule::stream) continue;
      const Thinning thinning = backlog_rule(event).thinning;
      EXPECT_TRUE(thinning == Thinning::run || thinning == Thinning::sum) << qualified_name(event);
    }
}

class BacklogTest : public RelayTest {
 protected:
  void start() {
    start_with_everything();
    seat_ = bind("wl_seat");
    pointer_ = app_->make(protocol::wl_pointer, seat_, protocol::wl_seat, "get_pointer");
    keyboard_ = app_->make(protocol::wl_keyboard, seat_, protocol::wl_seat, "get_keyboard");
    exchange();
    relay_->limit_backlog(small);
  }

  FakeCompositor& here() { return *compositors_.back(); }

  void point(uint32_t x) {
    here().send("wl_pointer", "motion", {1u, x * 256, 0u});
    here().send("wl_pointer", "frame", {});
  }
  void button(uint32_t state) {
    here().send("wl_pointer", "button", {9u, 1u, 272u, state});
    here().send("wl_pointer", "frame", {});
  }
  void stroke(uint32_t key) {
    here().send("wl_keyboard", "key", {9u, 1u, key, 1u});
    here().send("wl_keyboard", "key", {9u, 1u, key, 0u});
  }

  // In portions: the fake compositor writes no more than the relay takes.
  void often(uint32_t count, const std::function<void(uint32_t)>& say) {
    for (uint32_t i = 1; i <= count; ++i) {
      say(i);
      if (i % 25 != 0) continue;
      EXPECT_TRUE(exchange().empty()) << "it is held";
    }
  }

  // What was said meanwhile, and what the app hears when it is let go.
  std::vector<std::string> after(const std::function<void()>& meanwhile) {
    relay_->hold(true);
    meanwhile();
    exchange();
    relay_->hold(false);
    return exchange();
  }

  uint32_t seat_ = 0, pointer_ = 0, keyboard_ = 0;
};

TEST_F(BacklogTest, AClickIsWhereThePointerWas) {
  start();
  const auto heard = after([&] {
    for (uint32_t x = 1; x <= 20; ++x) point(x);
    button(1);
    for (uint32_t x = 21; x <= 40; ++x) point(x);
    button(0);
  });
  const auto n = [&](const char* text) { return name("wl_pointer", pointer_) + text; };
  ASSERT_EQ(heard.size(), 8u);
  EXPECT_TRUE(heard[0].starts_with(n(".motion(1, 20")));
  EXPECT_TRUE(heard[2].starts_with(n(".button(")));
  EXPECT_TRUE(heard[4].starts_with(n(".motion(1, 40")));
  EXPECT_TRUE(heard[6].starts_with(n(".button(")));
  EXPECT_EQ(count(heard, ".frame()"), 4u);
}

TEST_F(BacklogTest, TheWheelTurnsAsFarAsItDid) {
  start();
  const auto heard = after([&] {
    for (int i = 0; i < 30; ++i) {
      here().send("wl_pointer", "axis_source", {0u});
      here().send("wl_pointer", "axis_value120", {0u, 120u});
      here().send("wl_pointer", "axis", {1u, 0u, 15 * 256u});
      here().send("wl_pointer", "frame", {});
    }
  });
  EXPECT_EQ(heard.size(), 4u);
  EXPECT_EQ(count(heard, "axis_value120(0, 3600)"), 1u);
  EXPECT_EQ(count(heard, "axis(1, 0, 450"), 1u);
}

TEST_F(BacklogTest, TheOldestKeysStayAndNoneIsHalf) {
  start();
  const auto heard = after([&] { often(500, [&](uint32_t key) { stroke(key); }); });
  const size_t down = count(heard, ", 1)");
  EXPECT_GT(down, 50u);
  EXPECT_LT(down, 500u);
  EXPECT_EQ(count(heard, ", 0)"), down);
  for (size_t key = 1; key <= down; ++key)
    EXPECT_EQ(count(heard, ", " + std::to_string(key) + ", 1)"), 1u) << key;
  stroke(600);
  EXPECT_EQ(count(exchange(), ", 600, "), 2u) << "typing goes on";
}

// A key that was left out is let go when the app reads again: it must not hear of that.
TEST_F(BacklogTest, AKeyThatWasLeftOutIsNotLetGo) {
  start();
  after([&] {
    often(500, [&](uint32_t key) { stroke(key); });
    here().send("wl_keyboard", "key", {9u, 1u, 700u, 1u});
  });
  here().send("wl_keyboard", "key", {9u, 1u, 700u, 0u});
  EXPECT_EQ(count(exchange(), ", 700, "), 0u);
  EXPECT_TRUE(relay_->backlog().idle());
  stroke(700);
  EXPECT_EQ(count(exchange(), ", 700, "), 2u);
}

TEST_F(BacklogTest, OfManyConfiguresTheLastIsHeard) {
  start();
  const auto heard = after([&] {
    often(100, [&](uint32_t i) {
      here().send("xdg_toplevel", "configure", {i, i, std::string_view()});
      here().send("xdg_surface", "configure", {1000 + i});
    });
  });
  ASSERT_EQ(heard.size(), 2u);
  EXPECT_TRUE(heard[0].contains("configure(100, 100"));
  ack(heard);
  exchange();
  EXPECT_EQ(count(here().requests(), "ack_configure(1100)"), 1u);
}

TEST_F(BacklogTest, AFocusThatCameAndWentLeavesNothing) {
  start();
  const auto heard = after([&] {
    often(200, [&](uint32_t i) {
      here().send("wl_pointer", "enter", {1u, there(surface_), 0u, 0u});
      here().send("wl_pointer", "frame", {});
      point(i);
      here().send("wl_pointer", "leave", {2u, there(surface_)});
      here().send("wl_pointer", "frame", {});
    });
    here().send("wl_pointer", "enter", {3u, there(surface_), 0u, 0u});
    here().send("wl_pointer", "frame", {});
  });
  EXPECT_LT(heard.size(), 200u);
  EXPECT_EQ(count(heard, ".enter("), count(heard, ".leave(") + 1);
  EXPECT_EQ(count(heard, ".enter(") + count(heard, ".leave(") + count(heard, ".motion("),
            count(heard, ".frame()"));
}

TEST_F(BacklogTest, OffersThatNobodyHeardOfAreGivenBack) {
  start();
  const uint32_t manager = bind("wl_data_device_manager");
  const uint32_t device = app_->make(protocol::wl_data_device, manager,
                                     protocol::wl_data_device_manager, "get_data_device", {seat_});
  exchange();
  const auto& events = protocol::wl_data_device.events;
  const auto heard = after([&] {
    often(300, [&](uint32_t i) {
      const uint32_t offer = 0xff000000 + i - 1;
      here().tell(there(device), events[event::wl_data_device::data_offer], {offer});
      here().tell(offer, protocol::wl_data_offer.events[event::wl_data_offer::offer],
                  {std::string_view("text/plain")});
      here().tell(there(device), events[event::wl_data_device::selection], {offer});
    });
  });
  const size_t offers = count(heard, ".data_offer(");
  EXPECT_LT(offers, 100u);
  EXPECT_EQ(count(heard, ".selection("), 1u);
  EXPECT_EQ(count(here().requests(), "wl_data_offer.destroy"), 300 - offers);
  EXPECT_TRUE(here().complaints().empty()) << here().complaints().front();
  EXPECT_TRUE(alive_);
}

TEST_F(BacklogTest, OutputsChangeAndTheAppHearsTheEnd) {
  start();
  const uint32_t output = bind("wl_output");
  exchange();
  const auto heard = after([&] {
    often(100, [&](uint32_t i) {
      here().send("wl_output", "mode", {1u, i, i, 60u});
      here().send("wl_output", "scale", {i});
      here().send("wl_output", "done", {});
    });
  });
  const std::string of = name("wl_output", output);
  ASSERT_EQ(heard.size(), 3u);
  EXPECT_EQ(heard[0], of + ".mode(1, 100, 100, 60)");
  EXPECT_EQ(heard[1], of + ".scale(100)");
  EXPECT_EQ(heard[2], of + ".done()");
}

// Pings are answered for an app that has left something unread, and for no other.
TEST_F(BacklogTest, PingsAreTheAppsWhileItReads) {
  start();
  here().send("xdg_wm_base", "ping", {70u});
  EXPECT_EQ(count(exchange(), ".ping("), 1u);
  EXPECT_EQ(count(here().requests(), "pong"), 0u);
  const auto carry_unread = [&] {
    relay_->round_trip(std::chrono::steady_clock::now() + std::chrono::seconds(5));
    relay_->flush();
  };
  point(1);
  carry_unread();
  here().send("xdg_wm_base", "ping", {71u});
  carry_unread();
  EXPECT_EQ(count(app_->events(), ".ping("), 0u);
  exchange();
  EXPECT_EQ(count(here().requests(), "pong(71)"), 1u);
}

uint32_t pinged(const std::vector<std::string>& events) {
  for (const std::string& event : events)
    if (const size_t at = event.find(".ping("); at != std::string::npos)
      return static_cast<uint32_t>(std::stoul(event.substr(at + 6)));
  ADD_FAILURE() << "there was no ping";
  return 0;
}

TEST_F(BacklogTest, APingIsNotAnsweredForAnAppThatHasDoneIt) {
  start();
  EXPECT_FALSE(relay_->pings_due());
  here().send("xdg_wm_base", "ping", {72u});
  const uint32_t serial = pinged(exchange());
  const auto due = relay_->pings_due();
  ASSERT_TRUE(due);
  relay_->answer_pings(*due - std::chrono::milliseconds(1));
  app_->say(wm_, protocol::xdg_wm_base, "pong", {serial});
  exchange();
  EXPECT_FALSE(relay_->pings_due());
  relay_->answer_pings(*due);
  exchange();
  EXPECT_EQ(count(here().requests(), "pong(72)"), 1u);
}

TEST_F(BacklogTest, APingsAnswerGoesToTheCompositorThatAsked) {
  start();
  here().send("xdg_wm_base", "ping", {73u});
  const uint32_t serial = pinged(exchange());
  FakeCompositor& next = compositor("b", whole_baseline());
  EXPECT_FALSE(relay_->pings_due());
  app_->say(wm_, protocol::xdg_wm_base, "pong", {serial});
  exchange();
  EXPECT_EQ(count(next.requests(), "pong"), 0u);
}

// On the event loop: the app has an empty socket when it is pinged, and then it does nothing.
TEST_F(BacklogTest, AnAppThatStandsStillIsAnsweredForOnce) {
  start();
  asio::io_context loop;
  const auto never = [](ServedConnection&) { FAIL() << "the connection has ended"; };
  ServedConnection served(loop, std::move(relay_), never, never);
  served.serve();
  const auto until = [&](const std::string& heard) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (count(here().requests(), heard) == 0 && std::chrono::steady_clock::now() < end)
      loop.run_one_for(std::chrono::milliseconds(10));
    return count(here().requests(), heard);
  };
  here().send("xdg_wm_base", "ping", {74u});
  EXPECT_EQ(until("pong(74)"), 1u);
  app_->say(wm_, protocol::xdg_wm_base, "pong", {pinged(app_->events())});
  app_->say(toplevel_, protocol::xdg_toplevel, "set_title", {std::string_view("awake")});
  EXPECT_EQ(until("awake"), 1u);
  EXPECT_EQ(count(here().requests(), "pong(74)"), 1u) << "what was said for it is not said again";
}

// An app's own doing does not cost it its compositor: it is not read while it lags.
TEST_F(BacklogTest, AnswersDoNotCountButMakeTheAppWait) {
  start();
  relay_->hold(true);
  for (size_t i = 0; i < small.too_much.entries; ++i) {
    app_->make(protocol::wl_callback, 1, protocol::wl_display, "sync");
    if (i % 25 == 0) exchange();
  }
  exchange();
  EXPECT_TRUE(relay_->app_lags());
  EXPECT_FALSE(relay_->backlog().full());
  relay_->hold(false);
  EXPECT_EQ(count(exchange(), ".done("), small.too_much.entries);
  EXPECT_FALSE(relay_->app_lags());
}

// On the event loop: its requests stay in its own socket until it reads.
TEST_F(BacklogTest, ALaggingAppIsNotRead) {
  start();
  asio::io_context loop;
  const auto never = [](ServedConnection&) { FAIL() << "the connection has ended"; };
  ServedConnection served(loop, std::move(relay_), never, never);
  Relay& relay = served.relay();
  served.serve();
  relay.hold(true);
  for (size_t i = 0; !relay.app_lags() && i < small.too_much.entries; ++i) {
    app_->make(protocol::wl_callback, 1, protocol::wl_display, "sync");
    loop.run_one_for(std::chrono::seconds(5));
  }
  ASSERT_TRUE(relay.app_lags());
  const auto say = [&](std::string_view title) {
    app_->say(toplevel_, protocol::xdg_toplevel, "set_title", {title});
    loop.poll();
  };
  const auto heard = [&](const char* title) {
    return count(here().requests(), "set_title(" + std::string(title) + ")") > 0;
  };
  say("read perhaps");  // the loop may have been waiting for it
  for (int i = 0; i < 10; ++i) say("read later");
  EXPECT_FALSE(heard("read later"));
  relay.hold(false);
  served.flush();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (!heard("read later") && std::chrono::steady_clock::now() < end) {
    loop.run_one_for(std::chrono::milliseconds(10));
    app_->events();
  }
  EXPECT_TRUE(heard("read later"));
}

// What cannot be thinned out ends with another attach, and the app goes on.
TEST_F(BacklogTest, TooMuchEndsWithAnotherAttach) {
  start();
  relay_->hold(true);
  const auto unplug = [&](uint32_t i) { here().send("wl_seat", "capabilities", {i % 8}); };
  EXPECT_THROW(often(2 * small.too_much.entries, unplug), CompositorLost);
  EXPECT_TRUE(relay_->app_lags());
  relay_->set_link(nullptr);
  relay_->hold(false);
  relay_->flush();
  EXPECT_FALSE(relay_->app_lags());
  compositor("b", whole_baseline());
  EXPECT_TRUE(!exchange().back().empty() && alive_);
  stroke(30);
  EXPECT_EQ(count(exchange(), ", 30, "), 2u);
}

}  // namespace
}  // namespace wayferry::test
