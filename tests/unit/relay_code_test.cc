// SPDX-License-Identifier: MIT
//
// What protocols/carry.rules calls `code`: the messages that no rule fits, one by one.
#include <fcntl.h>

#include "../fake/relay_fixture.h"

namespace wayferry::test {
namespace {

class RelayCodeTest : public RelayTest {
 protected:
  // A popup of the window, with contents.
  void show_popup(bool grab) {
    const uint32_t positioner =
        app_->make(protocol::xdg_positioner, wm_, protocol::xdg_wm_base, "create_positioner");
    app_->say(positioner, protocol::xdg_positioner, "set_size", {10u, 10u});
    popup_surface_ =
        app_->make(protocol::wl_surface, compositor_, protocol::wl_compositor, "create_surface");
    popup_window_ = app_->make(protocol::xdg_surface, wm_, protocol::xdg_wm_base, "get_xdg_surface",
                               {popup_surface_});
    popup_ = app_->make(protocol::xdg_popup, popup_window_, protocol::xdg_surface, "get_popup",
                        {xdg_surface_, positioner});
    app_->say(positioner, protocol::xdg_positioner, "set_size", {99u, 99u});
    app_->say(positioner, protocol::xdg_positioner, "destroy", {});
    if (grab) app_->say(popup_, protocol::xdg_popup, "grab", {bind("wl_seat"), last_serial_});
    app_->say(popup_surface_, protocol::wl_surface, "commit", {});
    for (const std::string& event : exchange())
      if (event.starts_with(name("xdg_surface", popup_window_)))
        app_->say(popup_window_, protocol::xdg_surface, "ack_configure",
                  {static_cast<uint32_t>(std::stoul(event.substr(event.find('(') + 1)))});
    app_->say(popup_window_, protocol::xdg_surface, "set_window_geometry", {0u, 0u, 10u, 10u});
    app_->say(popup_surface_, protocol::wl_surface, "attach", {buffer_, 0u, 0u});
    app_->say(popup_surface_, protocol::wl_surface, "commit", {});
    exchange();
  }

  uint32_t popup_surface_ = 0, popup_window_ = 0, popup_ = 0;
};

TEST_F(RelayCodeTest, GlobalsAreBoundByTheNamesOfTheCompositorOfNow) {
  compositor("a");
  start_app();
  auto turned = plain;
  std::ranges::reverse(turned);
  FakeCompositor& b = compositor("b", turned);
  std::map<std::string, uint32_t> bound;
  for (const Arrived& arrived : b.heard())
    if (arrived.is("wl_registry.bind"))
      bound[std::string(as_text(arrived.decoded().values[1].data))] =
          arrived.decoded().values[0].word;
  EXPECT_EQ(bound.size(), 3u);
  for (const auto& [interface, global] : bound)
    EXPECT_EQ(turned.at(global - 1).interface, interface);
}

TEST_F(RelayCodeTest, GlobalsComeAndGo) {
  FakeCompositor& a = compositor("a");
  start_app();
  a.send("wl_registry", "global", {50u, std::string_view("wl_output"), 4u});
  const auto come = exchange();
  ASSERT_EQ(count(come, "\"wl_output\", 4"), 1u);
  a.send("wl_registry", "global", {51u, std::string_view("wl_drm"), 2u});
  EXPECT_TRUE(exchange().empty()) << "what we do not carry is not offered";
  a.send("wl_registry", "global_remove", {50u});
  const auto gone = exchange();
  ASSERT_EQ(count(gone, "global_remove"), 1u);
  const auto number = [](const std::string& line) { return line.substr(line.find('(') + 1, 2); };
  EXPECT_EQ(number(gone[0]).substr(0, 1), number(come[0]).substr(0, 1));
  a.send("wl_registry", "global_remove", {51u});
  EXPECT_TRUE(exchange().empty());
}

TEST_F(RelayCodeTest, DevicesThatTheSeatLacksAreInertUntilItHasThem) {
  start_with_everything();
  const uint32_t seat = bind("wl_seat");
  app_->make(protocol::wl_pointer, seat, protocol::wl_seat, "get_pointer");
  app_->make(protocol::wl_keyboard, seat, protocol::wl_seat, "get_keyboard");
  const uint32_t touch = app_->make(protocol::wl_touch, seat, protocol::wl_seat, "get_touch");
  exchange();
  compositors_.push_back(std::make_unique<FakeCompositor>(
      display("b"), whole_baseline(), FakeCompositor::Manners{.seat_capabilities = 2}));
  const AttachReport report = attach(*relay_, display("b"), std::chrono::seconds(5));
  exchange();
  const auto said = compositors_.back()->requests();
  EXPECT_EQ(count(said, "get_keyboard"), 1u);
  EXPECT_EQ(count(said, "get_pointer") + count(said, "get_touch"), 0u) << "to ask would be fatal";
  EXPECT_EQ(count(report.inert, "wl_pointer"), 1u);
  EXPECT_EQ(count(report.inert, "wl_touch"), 1u);
  app_->say(touch, protocol::wl_touch, "release", {});
  EXPECT_EQ(count(exchange(), "delete_id(" + std::to_string(touch) + ")"), 1u);
  FakeCompositor& c = compositor("c", whole_baseline());
  exchange();
  EXPECT_EQ(count(c.requests(), "get_pointer"), 1u);
  EXPECT_EQ(count(c.requests(), "get_touch"), 0u) << "it was released";
  EXPECT_TRUE(c.complaints().empty());
}

TEST_F(RelayCodeTest, APopupWithAGrabIsDismissed) {
  start_with_everything();
  show_popup(true);
  FakeCompositor& b = compositor("b", whole_baseline());
  const auto events = exchange();
  EXPECT_EQ(count(events, name("xdg_popup", popup_) + ".popup_done"), 1u);
  const auto said = b.requests();
  EXPECT_EQ(count(said, "get_popup") + count(said, "grab"), 0u);
  EXPECT_EQ(count(said, "get_xdg_surface"), 1u) << "a window without a role ends the connection";
  EXPECT_EQ(count(said, "set_window_geometry"), 0u);
  EXPECT_EQ(count(said, "attach(wl_buffer, 0, 0)"), 1u) << "it may become another popup";
  app_->say(popup_, protocol::xdg_popup, "destroy", {});
  app_->say(popup_window_, protocol::xdg_surface, "destroy", {});
  app_->say(popup_surface_, protocol::wl_surface, "destroy", {});
  exchange();
  EXPECT_TRUE(alive_);
  EXPECT_TRUE(b.complaints().empty());
}

TEST_F(RelayCodeTest, APopupIsPutBackWhereItWas) {
  start_with_everything();
  show_popup(false);
  FakeCompositor& b = compositor("b", whole_baseline());
  const auto events = exchange();
  const auto said = b.requests();
  EXPECT_EQ(count(events, "popup_done"), 0u);
  EXPECT_EQ(count(said, "xdg_surface.get_popup(new, xdg_surface, xdg_positioner)"), 1u);
  EXPECT_EQ(count(said, "xdg_positioner.set_size(10, 10)"), 1u) << "as it was when it was used";
  EXPECT_EQ(count(said, "set_size(99, 99)"), 0u);
  EXPECT_EQ(count(said, "ack_configure"), 2u);
  EXPECT_EQ(count(said, "attach(wl_buffer, 0, 0)"), 2u);
  EXPECT_TRUE(b.complaints().empty());
}

TEST_F(RelayCodeTest, ASizeThatDiffersReachesTheApp) {
  start_with_everything();
  FakeCompositor& a = *compositors_.back();
  const Message& configure = protocol::xdg_toplevel.events[event::xdg_toplevel::configure];
  a.tell(there(toplevel_), configure, {300u, 200u, std::string_view()});
  EXPECT_EQ(count(exchange(), "configure(300, 200"), 1u);
  compositors_.push_back(std::make_unique<FakeCompositor>(
      display("b"), whole_baseline(), FakeCompositor::Manners{.window_width = 500}));
  attach(*relay_, display("b"), std::chrono::seconds(5));
  const auto events = exchange();
  EXPECT_EQ(count(events, name("xdg_toplevel", toplevel_) + ".configure(500, 0"), 1u);
  EXPECT_EQ(count(events, name("xdg_surface", xdg_surface_) + ".configure("), 1u);
}

TEST_F(RelayCodeTest, ALayerSurfaceIsConfiguredByUs) {
  start_with_everything();
  const uint32_t shell = bind("zwlr_layer_shell_v1");
  const uint32_t surface =
      app_->make(protocol::wl_surface, compositor_, protocol::wl_compositor, "create_surface");
  const uint32_t layer =
      app_->make(protocol::zwlr_layer_surface_v1, shell, protocol::zwlr_layer_shell_v1,
                 "get_layer_surface", {surface, 0u, 2u, std::string_view("panel")});
  app_->say(layer, protocol::zwlr_layer_surface_v1, "set_size", {30u, 40u});
  app_->say(surface, protocol::wl_surface, "commit", {});
  const auto configured = exchange();
  const auto told = std::ranges::find_if(
      configured, [](const std::string& line) { return line.starts_with("zwlr_layer_surface"); });
  ASSERT_NE(told, configured.end());
  app_->say(layer, protocol::zwlr_layer_surface_v1, "ack_configure",
            {static_cast<uint32_t>(std::stoul(told->substr(told->find('(') + 1)))});
  app_->say(surface, protocol::wl_surface, "attach", {buffer_, 0u, 0u});
  app_->say(surface, protocol::wl_surface, "commit", {});
  exchange();
  EXPECT_EQ(count(compositors_.back()->requests(), "zwlr_layer_surface_v1.ack_configure"), 1u);
  FakeCompositor& b = compositor("b", whole_baseline());
  const auto events = exchange();
  const auto said = b.requests();
  EXPECT_EQ(count(events, "zwlr_layer_surface"), 0u);
  EXPECT_EQ(count(said, "zwlr_layer_surface_v1.ack_configure"), 1u);
  const auto heard = b.heard();
  const auto sized = std::ranges::find_if(
      heard, [](const Arrived& a) { return a.is("zwlr_layer_surface_v1.set_size"); });
  const auto committed = std::ranges::find_if(heard, [&](const Arrived& a) {
    return a.is("wl_surface.commit") && a.object == there(surface);
  });
  EXPECT_LT(sized - heard.begin(), committed - heard.begin()) << "its first commit says its size";
}

TEST_F(RelayCodeTest, ATextInputsCommitsAreCountedOn) {
  start_with_everything();
  const uint32_t manager = bind("zwp_text_input_manager_v3");
  const uint32_t seat = bind("wl_seat");
  const uint32_t input = app_->make(protocol::zwp_text_input_v3, manager,
                                    protocol::zwp_text_input_manager_v3, "get_text_input", {seat});
  const auto commit = [&] { app_->say(input, protocol::zwp_text_input_v3, "commit", {}); };
  commit();
  commit();
  exchange();
  compositors_.back()->send("zwp_text_input_v3", "done", {2u});
  EXPECT_EQ(count(exchange(), "done(2)"), 1u);
  FakeCompositor& b = compositor("b", whole_baseline());
  commit();
  exchange();
  EXPECT_EQ(count(b.requests(), "zwp_text_input_v3.commit"), 1u);
  b.send("zwp_text_input_v3", "done", {1u});
  EXPECT_EQ(count(exchange(), "done(3)"), 1u) << "two commits were made to the first";
}

TEST_F(RelayCodeTest, ACompositorsErrorReachesTheApp) {
  compositor("a");
  start_app();
  show_window();
  const Message& error = protocol::wl_display.events[event::wl_display::error];
  compositors_.back()->tell(1, error, {there(surface_), 3u, std::string_view("no")});
  EXPECT_EQ(count(exchange(), "error(" + std::to_string(surface_) + ", 3, \"no\")"), 1u);
  EXPECT_TRUE(relay_->failed());
}

TEST_F(RelayCodeTest, AKeymapIsGivenAsAFileOfOurs) {
  start_with_everything();
  const uint32_t seat = bind("wl_seat");
  const uint32_t keyboard =
      app_->make(protocol::wl_keyboard, seat, protocol::wl_seat, "get_keyboard");
  exchange();
  UniqueFd theirs(::memfd_create("keymap", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  write_all(theirs.get(), std::string("a keymap"));
  std::vector<UniqueFd> files;
  files.push_back(theirs.duplicate());
  compositors_.back()->tell(there(keyboard),
                            protocol::wl_keyboard.events[event::wl_keyboard::keymap], {1u, 8u},
                            std::move(files));
  relay_->round_trip(std::chrono::steady_clock::now() + std::chrono::seconds(5));
  relay_->flush();
  const auto heard = app_->hear();
  ASSERT_EQ(heard.size(), 1u);
  ASSERT_EQ(heard[0].fds.size(), 1u);
  const int ours = heard[0].fds[0]->get();
  char text[9] = {};
  EXPECT_EQ(::pread(ours, text, 8, 0), 8);
  EXPECT_STREQ(text, "a keymap");
  struct stat theirs_is{}, ours_is{};
  ::fstat(theirs.get(), &theirs_is);
  ::fstat(ours, &ours_is);
  EXPECT_NE(theirs_is.st_ino, ours_is.st_ino);
  EXPECT_EQ(::fcntl(ours, F_GET_SEALS) & F_SEAL_WRITE, F_SEAL_WRITE);
}

TEST_F(RelayCodeTest, FrameCallbacksOfWhatIsNotThereFireOnce) {
  compositor("a");
  start_app();
  show_window();
  const uint32_t callback =
      app_->make(protocol::wl_callback, surface_, protocol::wl_surface, "frame");
  app_->say(surface_, protocol::wl_surface, "commit", {});
  exchange();
  compositor("b", {{"wl_shm", 1}});
  const auto events = exchange();
  EXPECT_EQ(count(events, name("wl_callback", callback) + ".done"), 1u);
  EXPECT_EQ(count(events, "delete_id(" + std::to_string(callback) + ")"), 1u);
}

// A record that names it does not bring it back: a window without a role ends the connection.
TEST_F(RelayCodeTest, AParentThatIsGoneIsNotMadeAgain) {
  start_with_everything();
  const uint32_t parent_surface = surface_, parent_window = xdg_surface_, parent = toplevel_;
  show_window();
  app_->say(toplevel_, protocol::xdg_toplevel, "set_parent", {parent});
  app_->say(parent, protocol::xdg_toplevel, "destroy", {});
  app_->say(parent_window, protocol::xdg_surface, "destroy", {});
  app_->say(parent_surface, protocol::wl_surface, "destroy", {});
  exchange();
  for (const char* next : {"b", "c"}) {
    FakeCompositor& there = compositor(next, whole_baseline());
    exchange();
    EXPECT_EQ(count(there.requests(), "get_xdg_surface"), 1u);
    EXPECT_EQ(count(there.requests(), "get_toplevel"), 1u);
    EXPECT_EQ(count(there.requests(), "create_surface"), 1u);
    EXPECT_TRUE(there.complaints().empty());
    if (std::string_view(next) == "b") travel();
  }
}

// Whether a region changes or goes after it was used, the surface keeps what it was.
TEST_F(RelayCodeTest, ARegionCountsAsItWasWhenItWasUsed) {
  compositor("a");
  start_app();
  show_window();
  const uint32_t region =
      app_->make(protocol::wl_region, compositor_, protocol::wl_compositor, "create_region");
  app_->say(region, protocol::wl_region, "add", {1u, 2u, 3u, 4u});
  app_->say(surface_, protocol::wl_surface, "set_input_region", {region});
  app_->say(region, protocol::wl_region, "add", {5u, 6u, 7u, 8u});
  app_->say(surface_, protocol::wl_surface, "set_opaque_region", {region});
  app_->say(region, protocol::wl_region, "destroy", {});
  app_->say(surface_, protocol::wl_surface, "commit", {});
  exchange();
  for (const char* next : {"b", "c"}) {
    const auto said = compositor(next).requests();
    exchange();
    EXPECT_EQ(count(said, "wl_region.add(1, 2, 3, 4)"), 2u);
    EXPECT_EQ(count(said, "wl_region.add(5, 6, 7, 8)"), 1u);
    EXPECT_EQ(count(said, "set_input_region(wl_region)"), 1u);
    EXPECT_EQ(count(said, "set_opaque_region(wl_region)"), 1u);
  }
}

}  // namespace
}  // namespace wayferry::test
