// SPDX-License-Identifier: MIT
//
// What lies between compositors of different versions, and between those that have something and
// those that lack it: src/monitor/bridges.cc, kept_size.cc, and the outputs and seats of an attach.
#include "../fake/relay_fixture.h"

namespace wayferry::test {
namespace {

using Globals = std::vector<FakeCompositor::Global>;

class BridgeTest : public RelayTest {
 protected:
  // The usual globals, one of them in another version; 0: not there.
  static Globals with(const std::string& interface, uint32_t version) {
    Globals globals = plain;
    std::erase_if(globals, [&](const auto& g) { return g.interface == interface; });
    if (version > 0) globals.push_back({interface, version});
    return globals;
  }

  uint32_t make(const Interface& made, uint32_t maker, const Interface& of,
                const std::string& request, std::vector<Word> rest = {}) {
    const uint32_t id = app_->make(made);
    rest.insert(rest.begin(), id);
    app_->say(maker, of, request, rest);
    return id;
  }

  static Word fixed(uint32_t whole) { return whole * 256; }

  // The app goes on at a compositor that has this in another version only.
  FakeCompositor& go_to(const std::string& interface, uint32_t version) {
    FakeCompositor& b = compositor("b", with(interface, version));
    exchange();
    return b;
  }

  void show_window_at_a() {
    compositor("a");
    start_app();
    show_window();
  }

  // A pointer or keyboard of the app's seat.
  uint32_t device(const Interface& kind, const std::string& request) {
    seat_ = app_->bind(registry_, "wl_seat", 9);
    const uint32_t id = make(kind, seat_, protocol::wl_seat, request);
    exchange();
    return id;
  }

  uint32_t seat_ = 0;
};

TEST_F(BridgeTest, AnOffsetBecomesPartOfTheAttach) {
  show_window_at_a();
  FakeCompositor& b = go_to("wl_compositor", 4);
  app_->say(surface_, protocol::wl_surface, "offset", {3u, 4u});
  app_->say(surface_, protocol::wl_surface, "attach", {buffer_, 0u, 0u});
  app_->say(surface_, protocol::wl_surface, "commit", {});
  exchange();
  EXPECT_EQ(count(b.requests(), "attach(wl_buffer, 3, 4)"), 1u);
  app_->say(surface_, protocol::wl_surface, "commit", {});
  exchange();
  EXPECT_EQ(count(b.requests(), "attach(wl_buffer, 3, 4)"), 1u) << "it is paid once";
  EXPECT_TRUE(b.complaints().empty());
}

TEST_F(BridgeTest, DamageOfTheBufferBecomesDamageOfTheSurface) {
  show_window_at_a();
  FakeCompositor& b = go_to("wl_compositor", 3);
  const size_t before = count(b.requests(), "wl_surface.damage(");
  app_->say(surface_, protocol::wl_surface, "damage_buffer", {1u, 1u, 2u, 2u});
  exchange();
  EXPECT_EQ(count(b.requests(), "wl_surface.damage("), before + 1);
  EXPECT_TRUE(b.complaints().empty());
}

// There is nothing yet that it could be told again; its first configure comes.
TEST_F(BridgeTest, APopupThatIsMovedBeforeItIsConfiguredHearsNoEmptyConfigure) {
  show_window_at_a();
  const uint32_t positioner =
      make(protocol::xdg_positioner, wm_, protocol::xdg_wm_base, "create_positioner");
  const uint32_t surface =
      make(protocol::wl_surface, compositor_, protocol::wl_compositor, "create_surface");
  const uint32_t window =
      make(protocol::xdg_surface, wm_, protocol::xdg_wm_base, "get_xdg_surface", {surface});
  const uint32_t popup = make(protocol::xdg_popup, window, protocol::xdg_surface, "get_popup",
                              {xdg_surface_, positioner});
  exchange();
  go_to("xdg_wm_base", 2);
  app_->say(popup, protocol::xdg_popup, "reposition", {positioner, 7u});
  const auto heard = exchange();
  EXPECT_EQ(count(heard, ".repositioned(7)"), 1u);
  EXPECT_EQ(count(heard, name("xdg_popup", popup) + ".configure("), 0u);
  EXPECT_TRUE(alive_);
}

TEST_F(BridgeTest, AStepOfTheWheelIsToldInTheFinerUnit) {
  show_window_at_a();
  const uint32_t pointer = device(protocol::wl_pointer, "get_pointer");
  FakeCompositor& b = go_to("wl_seat", 7);
  b.tell(there(pointer), protocol::wl_pointer.events[event::wl_pointer::axis_discrete],
         {0u, static_cast<uint32_t>(-2)});
  const auto heard = exchange();
  EXPECT_EQ(count(heard, "axis_value120(0, -240)"), 1u);
  EXPECT_EQ(count(heard, "axis_discrete"), 0u);
}

TEST_F(BridgeTest, AnOldSeatsPointerEventsEndWithAFrame) {
  show_window_at_a();
  const uint32_t pointer = device(protocol::wl_pointer, "get_pointer");
  FakeCompositor& b = go_to("wl_seat", 4);
  b.tell(there(pointer), protocol::wl_pointer.events[event::wl_pointer::enter],
         {7u, there(surface_), fixed(1), fixed(1)});
  const auto heard = exchange();
  ASSERT_EQ(count(heard, ".enter("), 1u);
  EXPECT_TRUE(heard.back().ends_with(".frame()")) << heard.back();
}

TEST_F(BridgeTest, AnOldKeyboardSaysHowItRepeats) {
  show_window_at_a();
  const uint32_t keyboard = device(protocol::wl_keyboard, "get_keyboard");
  FakeCompositor& b = go_to("wl_seat", 3);
  std::vector<UniqueFd> fds;
  fds.emplace_back(::memfd_create("keymap", MFD_CLOEXEC));
  b.tell(there(keyboard), protocol::wl_keyboard.events[event::wl_keyboard::keymap], {0u, 0u},
         std::move(fds));
  EXPECT_EQ(count(exchange(), "repeat_info(25, 600)"), 1u);
}

TEST_F(BridgeTest, TheScaleIsThatOfTheOutputsWhereNobodyPrefersOne) {
  show_window_at_a();
  const uint32_t output = app_->bind(registry_, "wl_output", 4);
  exchange();
  FakeCompositor& b = go_to("wl_compositor", 5);
  b.tell(there(output), protocol::wl_output.events[event::wl_output::scale], {2u});
  b.tell(there(surface_), protocol::wl_surface.events[event::wl_surface::enter], {there(output)});
  EXPECT_EQ(count(exchange(), "preferred_buffer_scale(2)"), 1u);
  b.tell(there(surface_), protocol::wl_surface.events[event::wl_surface::leave], {there(output)});
  EXPECT_EQ(count(exchange(), "preferred_buffer_scale(1)"), 1u);
}

TEST_F(BridgeTest, AScaleThatChangesUnderAWindowIsToldToIt) {
  show_window_at_a();
  const uint32_t output = app_->bind(registry_, "wl_output", 4);
  exchange();
  FakeCompositor& b = go_to("wl_compositor", 5);
  const auto set_scale = [&](uint32_t scale) {
    b.tell(there(output), protocol::wl_output.events[event::wl_output::scale], {scale});
    b.tell(there(output), protocol::wl_output.events[event::wl_output::done], {});
    return exchange();
  };
  set_scale(1);
  b.tell(there(surface_), protocol::wl_surface.events[event::wl_surface::enter], {there(output)});
  exchange();
  const auto heard = set_scale(2);
  ASSERT_EQ(heard.size(), 3u);
  EXPECT_TRUE(heard[0].ends_with(".scale(2)"));
  EXPECT_TRUE(heard[2].ends_with(".preferred_buffer_scale(2)")) << "after the output's own news";
  EXPECT_EQ(count(set_scale(2), "preferred"), 0u) << "it is no news";
  b.tell(there(surface_), protocol::wl_surface.events[event::wl_surface::leave], {there(output)});
  exchange();
  EXPECT_EQ(count(set_scale(3), "preferred"), 0u) << "it stands there no more";
}

TEST_F(BridgeTest, AWindowBetweenTwoOutputsHasTheLargerScale) {
  Globals two = with("wl_compositor", 5);
  two.push_back({"wl_output", 4});
  Globals newer = plain;
  newer.push_back({"wl_output", 4});
  compositor("a", newer);
  start_app();
  show_window();
  // The app binds by kind; the second is the other global of that name.
  const uint32_t low = app_->bind(registry_, "wl_output", 4);
  const auto& globals = relay_->model().globals;
  const auto second =
      std::ranges::find_last(globals, &protocol::wl_output, &VirtualGlobal::interface);
  const uint32_t high = app_->make(protocol::wl_output);
  app_->say(registry_, protocol::wl_registry, "bind",
            {second.begin()->name, std::string_view("wl_output"), 4u, high});
  exchange();
  FakeCompositor& b = compositor("b", two);
  exchange();
  b.tell(there(low), protocol::wl_output.events[event::wl_output::scale], {1u});
  b.tell(there(high), protocol::wl_output.events[event::wl_output::scale], {2u});
  const auto stand = [&](uint16_t how, uint32_t output) {
    b.tell(there(surface_), protocol::wl_surface.events[how], {there(output)});
    return exchange();
  };
  EXPECT_EQ(count(stand(event::wl_surface::enter, low), "preferred_buffer_scale(1)"), 1u);
  EXPECT_EQ(count(stand(event::wl_surface::enter, high), "preferred_buffer_scale(2)"), 1u);
  EXPECT_EQ(count(stand(event::wl_surface::leave, low), "preferred_buffer_scale(2)"), 1u);
  EXPECT_TRUE(alive_ && b.complaints().empty());
}

TEST_F(BridgeTest, WhoPrefersAScaleIsLeftAlone) {
  show_window_at_a();
  const uint32_t output = app_->bind(registry_, "wl_output", 4);
  exchange();
  FakeCompositor& b = compositor("b");
  exchange();
  b.tell(there(surface_), protocol::wl_surface.events[event::wl_surface::enter], {there(output)});
  b.tell(there(output), protocol::wl_output.events[event::wl_output::scale], {2u});
  b.tell(there(output), protocol::wl_output.events[event::wl_output::done], {});
  b.tell(there(surface_), protocol::wl_surface.events[event::wl_surface::preferred_buffer_scale],
         {2u});
  EXPECT_EQ(count(exchange(), "preferred_buffer_scale("), 1u) << "the compositor's own";
}

TEST_F(BridgeTest, AFractionalScaleThatIsGoneFollowsTheOutputs) {
  Globals globals = plain;
  globals.push_back({"wp_fractional_scale_manager_v1", 1});
  compositor("a", globals);
  start_app();
  show_window();
  const uint32_t output = app_->bind(registry_, "wl_output", 4);
  const uint32_t manager = app_->bind(registry_, "wp_fractional_scale_manager_v1", 1);
  const uint32_t fractional =
      make(protocol::wp_fractional_scale_v1, manager, protocol::wp_fractional_scale_manager_v1,
           "get_fractional_scale", {surface_});
  exchange();
  FakeCompositor& b = compositor("b");
  const auto says = [&](int parts) {
    return name("wp_fractional_scale_v1", fractional) + ".preferred_scale(" +
           std::to_string(parts) + ")";
  };
  EXPECT_EQ(count(exchange(), says(120)), 1u);
  b.tell(there(output), protocol::wl_output.events[event::wl_output::scale], {2u});
  b.tell(there(surface_), protocol::wl_surface.events[event::wl_surface::enter], {there(output)});
  EXPECT_EQ(count(exchange(), says(240)), 1u);
  b.tell(there(output), protocol::wl_output.events[event::wl_output::scale], {3u});
  b.tell(there(output), protocol::wl_output.events[event::wl_output::done], {});
  EXPECT_EQ(count(exchange(), says(360)), 1u);
}

TEST_F(BridgeTest, AnOldOutputGetsANameOnce) {
  show_window_at_a();
  const uint32_t output = app_->bind(registry_, "wl_output", 4);
  exchange();
  FakeCompositor& b = go_to("wl_output", 3);
  const Message& done = protocol::wl_output.events[event::wl_output::done];
  b.tell(there(output), done, {});
  b.tell(there(output), done, {});
  const auto heard = exchange();
  EXPECT_EQ(count(heard, ".name(\"output-"), 1u);
  EXPECT_EQ(count(heard, ".description("), 1u);
  EXPECT_TRUE(heard.back().ends_with(".done()"));
}

TEST_F(BridgeTest, TheFirstOutputsEndTheirNewsAfterTheMode) {
  show_window_at_a();
  const uint32_t output = app_->bind(registry_, "wl_output", 2);
  exchange();
  FakeCompositor& b = go_to("wl_output", 1);
  b.tell(there(output), protocol::wl_output.events[event::wl_output::mode], {1u, 8u, 6u, 60u});
  const auto heard = exchange();
  EXPECT_EQ(count(heard, ".scale(1)"), 1u);
  EXPECT_TRUE(heard.back().ends_with(".done()"));
}

TEST_F(BridgeTest, AnXdgOutputsEndIsItsOutputsEnd) {
  Globals globals = plain;
  globals.push_back({"zxdg_output_manager_v1", 3});
  compositor("a", globals);
  start_app();
  show_window();
  const uint32_t output = app_->bind(registry_, "wl_output", 4);
  const uint32_t manager = app_->bind(registry_, "zxdg_output_manager_v1", 3);
  const uint32_t described = make(protocol::zxdg_output_v1, manager,
                                  protocol::zxdg_output_manager_v1, "get_xdg_output", {output});
  exchange();
  globals.back().version = 2;
  FakeCompositor& b = compositor("b", globals);
  exchange();
  b.tell(there(described), protocol::zxdg_output_v1.events[event::zxdg_output_v1::done], {});
  const auto heard = exchange();
  EXPECT_EQ(count(heard, "zxdg_output_v1@"), 0u);
  EXPECT_EQ(count(heard, "wl_output@" + std::to_string(output) + ".done()"), 1u);
}

TEST_F(BridgeTest, ANewWindowMayAskForEverythingWhereNobodySaysWhatThereIs) {
  compositor("a");
  start_app();
  FakeCompositor& b = go_to("xdg_wm_base", 3);
  show_window();
  const auto heard = exchange();
  b.send("xdg_toplevel", "configure", {0u, 0u, std::string_view()});
  EXPECT_EQ(count(exchange(), "wm_capabilities"), 0u) << "once, before the first configure";
  EXPECT_TRUE(b.complaints().empty());
}

TEST_F(BridgeTest, AnOffersLastWordsDisturbNobody) {
  FakeCompositor& a = compositor("a");
  start_app();
  show_window();
  seat_ = app_->bind(registry_, "wl_seat", 9);
  Globals globals = plain;
  exchange();
  globals.push_back({"wl_data_device_manager", 3});
  FakeCompositor& b = compositor("b", globals);
  exchange();
  const uint32_t manager = app_->bind(registry_, "wl_data_device_manager", 3);
  const uint32_t data = make(protocol::wl_data_device, manager, protocol::wl_data_device_manager,
                             "get_data_device", {seat_});
  exchange();
  constexpr uint32_t offer = 0xff000000;
  b.tell(there(data), protocol::wl_data_device.events[event::wl_data_device::data_offer], {offer});
  exchange();
  app_->say(offer, protocol::wl_data_offer, "destroy", {});
  ASSERT_TRUE(relay_->drain_app());
  b.tell(offer, protocol::wl_data_offer.events[event::wl_data_offer::offer],
         {std::string_view("text/plain")});
  EXPECT_EQ(count(exchange(), "offer"), 0u);
  EXPECT_TRUE(alive_);
  EXPECT_TRUE(a.complaints().empty());
}

TEST_F(BridgeTest, WhatCannotBeReleasedMaySpeakOn) {
  show_window_at_a();
  const uint32_t pointer = device(protocol::wl_pointer, "get_pointer");
  FakeCompositor& b = go_to("wl_seat", 2);
  const uint32_t stays = there(pointer);
  app_->say(pointer, protocol::wl_pointer, "release", {});
  EXPECT_EQ(count(exchange(), "delete_id(" + std::to_string(pointer) + ")"), 1u);
  b.tell(stays, protocol::wl_pointer.events[event::wl_pointer::motion], {1u, fixed(1), fixed(1)});
  EXPECT_EQ(count(exchange(), "motion"), 0u);
  EXPECT_TRUE(b.complaints().empty());
}

TEST_F(BridgeTest, ASeatThatIsGoneHasNothing) {
  show_window_at_a();
  device(protocol::wl_pointer, "get_pointer");
  compositor("b", with("wl_seat", 0));
  EXPECT_EQ(count(exchange(), "capabilities(0)"), 1u);
  compositor("c");
  EXPECT_EQ(count(exchange(), "capabilities(7)"), 1u) << "and comes back";
}

TEST_F(BridgeTest, OutputsThatAreNoMoreAreWithdrawnButNeverTheLast) {
  Globals two = plain;
  two.push_back({"wl_output", 4});
  compositor("a", two);
  start_app();
  show_window();
  compositor("b");
  EXPECT_EQ(count(exchange(), "global_remove"), 1u);
  compositor("c", with("wl_output", 0));
  EXPECT_EQ(count(exchange(), "global_remove"), 0u);
  compositor("d", two);
  const auto heard = exchange();
  EXPECT_EQ(count(heard, "\"wl_output\""), 1u) << "the second is a new one";
  EXPECT_EQ(count(heard, "global_remove"), 0u);
}

TEST_F(BridgeTest, AWindowKeepsItsSizeWhereItIsLeftOpen) {
  FakeCompositor& a = compositor("a");
  start_app();
  show_window();
  a.send("xdg_toplevel", "configure", {640u, 480u, std::string_view()});
  a.send("xdg_surface", "configure", {500u});
  exchange();
  FakeCompositor& b = compositor("b");
  EXPECT_EQ(count(exchange(), "xdg_toplevel"), 0u);
  b.send("xdg_toplevel", "configure", {0u, 0u, std::string_view()});
  EXPECT_EQ(count(exchange(), ".configure(640, 480,"), 1u);
  b.send("xdg_toplevel", "configure", {300u, 200u, std::string_view()});
  EXPECT_EQ(count(exchange(), ".configure(300, 200,"), 1u);
  b.send("xdg_toplevel", "configure", {0u, 0u, std::string_view()});
  EXPECT_EQ(count(exchange(), ".configure(0, 0,"), 1u) << "this compositor has had a wish";
}

TEST_F(BridgeTest, AWindowOfAnotherSizeOfItsOwnIsLeftAlone) {
  FakeCompositor& a = compositor("a");
  start_app();
  show_window();
  a.send("xdg_toplevel", "configure", {640u, 480u, std::string_view()});
  a.send("xdg_surface", "configure", {500u});
  exchange();
  FakeCompositor& b = compositor("b");
  app_->say(xdg_surface_, protocol::xdg_surface, "set_window_geometry", {0u, 0u, 100u, 100u});
  app_->say(surface_, protocol::wl_surface, "commit", {});
  exchange();
  b.send("xdg_toplevel", "configure", {0u, 0u, std::string_view()});
  EXPECT_EQ(count(exchange(), ".configure(0, 0,"), 1u);
}

TEST_F(BridgeTest, ACursorThatNobodyShowsGetsItsFrame) {
  show_window_at_a();
  const uint32_t cursor =
      make(protocol::wl_surface, compositor_, protocol::wl_compositor, "create_surface");
  const uint32_t frame = make(protocol::wl_callback, cursor, protocol::wl_surface, "frame");
  app_->say(cursor, protocol::wl_surface, "attach", {buffer_, 0u, 0u});
  app_->say(cursor, protocol::wl_surface, "commit", {});
  exchange();
  compositor("b");
  EXPECT_EQ(count(exchange(), "wl_callback@" + std::to_string(frame) + ".done"), 1u);
}

TEST_F(BridgeTest, AnErrorAfterAChangeOfCompositorsIsNotTheApps) {
  show_window_at_a();
  for (int change = 0; change < 4; ++change) {
    FakeCompositor& b = compositor("b" + std::to_string(change));
    exchange();
    b.tell(1, protocol::wl_display.events[event::wl_display::error],
           {there(surface_), 3u, std::string_view("no")});
    if (change < 3) {
      EXPECT_THROW(exchange(), CompositorLost);
      EXPECT_EQ(count(app_->events(), "error"), 0u);
    } else {
      EXPECT_EQ(count(exchange(), "wl_display@1.error"), 1u) << "again and again";
    }
  }
}

TEST_F(BridgeTest, ARegistryCanBeGivenUp) {
  FakeCompositor& a = compositor("a");
  start_app();
  const uint32_t fixes = app_->bind(registry_, "wl_fixes", 1);
  app_->say(fixes, protocol::wl_fixes, "destroy_registry", {registry_});
  app_->say(fixes, protocol::wl_fixes, "destroy", {});
  const auto heard = exchange();
  EXPECT_EQ(count(heard, "delete_id(" + std::to_string(registry_) + ")"), 1u);
  EXPECT_EQ(count(heard, "delete_id(" + std::to_string(fixes) + ")"), 1u);
  show_window();
  FakeCompositor& b = compositor("b");
  exchange();
  EXPECT_EQ(count(b.requests(), "wl_surface.attach"), 1u) << "what it bound lives on";
  EXPECT_EQ(count(a.requests(), "wl_fixes"), 0u);
  EXPECT_TRUE(alive_ && b.complaints().empty());
}

}  // namespace
}  // namespace wayferry::test
