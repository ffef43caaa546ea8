// SPDX-License-Identifier: MIT
//
// A state whose parts are each possible and contradict one another is refused with the reason,
// before an attach relies on it.
#include "../fake/relay_fixture.h"
#include "util/error.h"

namespace wayferry::test {
namespace {

using Change = std::function<void(state::Object&)>;

class WholeTest : public RelayTest {
 protected:
  // A window with a sub-surface and a popup, written down.
  void start() {
    start_with_everything();
    const uint32_t subcompositor = bind("wl_subcompositor");
    const uint32_t child =
        app_->make(protocol::wl_surface, compositor_, protocol::wl_compositor, "create_surface");
    app_->make(protocol::wl_subsurface, subcompositor, protocol::wl_subcompositor, "get_subsurface",
               {child, surface_});
    bind("wl_seat");
    bind("wl_output");
    make_popup();
    app_->say(surface_, protocol::wl_surface, "commit", {});
    exchange();
    saved_ = save(*relay_);
  }

  void make_popup() {
    const uint32_t surface =
        app_->make(protocol::wl_surface, compositor_, protocol::wl_compositor, "create_surface");
    const uint32_t window =
        app_->make(protocol::xdg_surface, wm_, protocol::xdg_wm_base, "get_xdg_surface", {surface});
    const uint32_t positioner =
        app_->make(protocol::xdg_positioner, wm_, protocol::xdg_wm_base, "create_positioner");
    app_->say(positioner, protocol::xdg_positioner, "set_size", {10u, 10u});
    app_->say(positioner, protocol::xdg_positioner, "set_anchor_rect", {0u, 0u, 1u, 1u});
    app_->make(protocol::xdg_popup, window, protocol::xdg_surface, "get_popup",
               {xdg_surface_, positioner});
  }

  state::Object& first(const std::string& interface) {
    for (state::Object& object : *saved_.message.mutable_objects())
      if (object.interface() == interface && (interface != "wl_surface" || object.stack_size() > 0))
        return object;
    throw std::runtime_error("no " + interface);
  }

  std::string reason() const {
    try {
      load_connection(saved_.message, saved_.files);
    } catch (const ProtocolError& error) {
      return error.what();
    }
    return "";
  }

  void refuses(const std::string& interface, const Change& change, const std::string& why) {
    const state::Connection before = saved_.message;
    change(first(interface));
    EXPECT_NE(reason().find(why), std::string::npos)
        << interface << ": " << why << ", but: " << reason();
    saved_.message = before;
  }

  Saved saved_;
};

// The title of the window, the only request in its log.
state::Recorded& title(state::Object& toplevel) {
  return *toplevel.mutable_log(0);
}

TEST_F(WholeTest, WhatAnAppSaidIsTaken) {
  start();
  EXPECT_EQ(reason(), "");
}

// The second sub-surface of one surface is a mistake, and so has no place in any order.
TEST_F(WholeTest, ASurfaceThatIsSomethingElseAlreadyHasNoPlace) {
  start();
  const uint32_t subcompositor = bind("wl_subcompositor");
  const uint32_t child =
      app_->make(protocol::wl_surface, compositor_, protocol::wl_compositor, "create_surface");
  uint32_t last = 0;
  for (int i = 0; i < 2; ++i)
    last = app_->make(protocol::wl_subsurface, subcompositor, protocol::wl_subcompositor,
                      "get_subsurface", {child, surface_});
  app_->say(last, protocol::wl_subsurface, "place_below", {surface_});
  relay_->drain_app();
  saved_ = save(*relay_);
  EXPECT_EQ(reason(), "");
  compositor("b");
}

TEST_F(WholeTest, NumbersAreOfTheSideThatGaveThem) {
  start();
  const std::string of_the_other = "not of the side that made it";
  refuses("xdg_toplevel", [](auto& o) { o.set_app_id(0xff000000); }, of_the_other);
  refuses("wl_output", [](auto& o) { o.set_maker(0); }, of_the_other);
  const std::string too_high = "above the app's highest";
  refuses("xdg_toplevel", [](auto& o) { o.set_app_id(0xfe000000); }, too_high);
}

TEST_F(WholeTest, RecordsAreWhatTheRulesKeep) {
  start();
  refuses("xdg_toplevel", [](auto& o) { *o.add_log() = title(o); }, "is there twice");
  refuses("xdg_toplevel", [](auto& o) { title(o).set_sequence(1u << 30); }, "of the future");
  refuses(
      "xdg_popup", [](auto& o) { o.mutable_creation()->set_sequence(1u << 30); }, "of the future");
  const auto commit = [](state::Object& o) {
    o.add_log()->set_opcode(request::wl_surface::commit);
  };
  refuses("wl_surface", commit, "is never kept");
  const auto scale = [](state::Object& o) {
    state::Recorded& record = *o.add_pending();
    record.set_opcode(request::wl_surface::set_buffer_scale);
    record.set_body(std::string(4, '\1'));
    o.set_version(2);
  };
  refuses("wl_surface", scale, "is too new for it");
}

// The size of a message has 16 bits.
TEST_F(WholeTest, MessagesAreNoLongerThanMessagesCanBe) {
  start();
  const auto long_words = [](uint32_t before) {
    constexpr uint32_t length = 70000;
    std::string body(before, '\0');
    body.append(reinterpret_cast<const char*>(&length), sizeof length);
    return body + std::string(length - 1, 'x') + '\0';
  };
  const std::string too_long = "longer than a message can be";
  refuses("xdg_toplevel", [&](auto& o) { title(o).set_body(long_words(0)); }, too_long);
  refuses("xdg_toplevel", [&](auto& o) { o.set_told_configure(long_words(8)); }, too_long);
}

TEST_F(WholeTest, WhatAppsAreToldAgainIsAMessage) {
  start();
  refuses("xdg_popup", [](auto& o) { o.set_told_configure("abc"); }, "xdg_popup.configure");
  refuses("wl_seat", [](auto& o) { o.set_told_configure("abc"); }, "cannot be configured");
}

TEST_F(WholeTest, PartsAreOfTheirKind) {
  start();
  refuses("wl_seat", [](auto& o) { o.set_busy(true); }, "only a buffer");
  refuses("wl_seat", [](auto& o) { o.set_dragged(true); }, "only a data source");
  refuses("wl_seat", [](auto& o) { o.set_awaits_parent(true); }, "only a callback");
  refuses("wl_seat", [](auto& o) { o.set_waits(true); }, "only a surface");
  const auto without_itself = [](state::Object& o) {
    const uint32_t child = o.stack(1);
    o.clear_stack();
    o.add_stack(child);
  };
  refuses("wl_surface", without_itself, "not in its own stack");
  refuses("wl_surface", [](auto& o) { o.add_stack(o.stack(1)); }, "names something twice");
}

}  // namespace
}  // namespace wayferry::test
