// SPDX-License-Identifier: MIT
//
// Drags that are under way when the compositor changes: they end, in the protocol's own words, and
// what the app still says of them does no harm.
#include "../fake/relay_fixture.h"

namespace wayferry::test {
namespace {

class RelayDragTest : public RelayTest {
 protected:
  void start(uint32_t version = 3) {
    start_with_everything();
    seat_ = bind("wl_seat");
    manager_ = app_->bind(registry_, "wl_data_device_manager", version);
    device_ = app_->make(protocol::wl_data_device, manager_, protocol::wl_data_device_manager,
                         "get_data_device", {seat_});
    source_ = app_->make(protocol::wl_data_source, manager_, protocol::wl_data_device_manager,
                         "create_data_source");
    app_->say(source_, protocol::wl_data_source, "offer", {std::string_view("text/plain")});
    icon_ =
        app_->make(protocol::wl_surface, compositor_, protocol::wl_compositor, "create_surface");
    app_->make(protocol::wl_pointer, seat_, protocol::wl_seat, "get_pointer");
    exchange();
  }

  // The app drags: a button is pressed, and the drag starts with its serial.
  void drag(uint32_t source) {
    serial_ = press();
    say_drag(source);
    ASSERT_EQ(count(here().requests(), "wl_data_device.start_drag("), 1u);
  }

  uint32_t press() {
    here().send("wl_pointer", "button", {7u, 0u, 272u, 1u});
    const auto pressed = exchange();
    const auto at =
        std::ranges::find_if(pressed, [](const auto& line) { return line.contains("button("); });
    return static_cast<uint32_t>(std::stoul(at->substr(at->find('(') + 1)));
  }

  std::vector<std::string> say_drag(uint32_t source) {
    app_->say(device_, protocol::wl_data_device, "start_drag", {source, surface_, icon_, serial_});
    return exchange();
  }

  // A drag of whomever comes over the window.
  void drag_over() {
    const auto& events = protocol::wl_data_device.events;
    here().tell(there(device_), events[event::wl_data_device::data_offer], {offer_});
    here().tell(there(device_), events[event::wl_data_device::enter],
                {8u, there(surface_), 0u, 0u, offer_});
    ASSERT_EQ(count(exchange(), name("wl_data_device", device_) + ".enter("), 1u);
  }

  FakeCompositor& here() { return *compositors_.back(); }

  std::vector<std::string> change(const char* next) {
    compositor(next, whole_baseline());
    return exchange();
  }

  std::string cancelled() { return name("wl_data_source", source_) + ".cancelled()"; }
  std::string left() { return name("wl_data_device", device_) + ".leave()"; }

  void demand_end_by(uint16_t event) {
    start();
    drag(source_);
    here().tell(there(source_), protocol::wl_data_source.events[event], {});
    exchange();
    EXPECT_EQ(count(change("b"), "cancelled"), 0u);
  }

  void demand_good_standing() {
    EXPECT_TRUE(alive_);
    EXPECT_TRUE(here().complaints().empty()) << here().complaints().front();
  }

  static constexpr uint32_t offer_ = 0xff000000;
  uint32_t seat_ = 0, manager_ = 0, device_ = 0, source_ = 0, icon_ = 0, serial_ = 0;
};

TEST_F(RelayDragTest, ADragEndsForItsSource) {
  start();
  drag(source_);
  EXPECT_EQ(count(change("b"), cancelled()), 1u);
  EXPECT_EQ(count(here().requests(), "start_drag"), 0u);
  EXPECT_EQ(count(change("c"), "cancelled"), 0u) << "it has ended";
}

TEST_F(RelayDragTest, OldSourcesHearItToo) {
  start(2);
  drag(source_);
  EXPECT_EQ(count(change("b"), cancelled()), 1u);
}

TEST_F(RelayDragTest, ADragEndsForItsTarget) {
  start();
  drag(source_);
  drag_over();
  const auto heard = change("b");
  EXPECT_EQ(count(heard, left()), 1u);
  EXPECT_EQ(count(heard, cancelled()), 1u) << "it was the app's own";
  EXPECT_EQ(count(change("c"), "leave()"), 0u);
}

TEST_F(RelayDragTest, ADragWithoutASourceIsLeft) {
  start();
  drag(0);
  here().tell(there(device_), protocol::wl_data_device.events[event::wl_data_device::enter],
              {8u, there(surface_), 0u, 0u, 0u});
  exchange();
  const auto heard = change("b");
  EXPECT_EQ(count(heard, left()), 1u);
  EXPECT_EQ(count(heard, "cancelled"), 0u);
}

TEST_F(RelayDragTest, WhatTheAppStillSaysOfItDoesNoHarm) {
  start();
  drag(source_);
  drag_over();
  change("b");
  const auto& offer = protocol::wl_data_offer;
  app_->say(offer_, offer, "accept", {8u, std::string_view("text/plain")});
  app_->say(offer_, offer, "set_actions", {1u, 1u});
  app_->queue_fd(UniqueFd(::memfd_create("pasted", MFD_CLOEXEC)));
  app_->say(offer_, offer, "receive", {std::string_view("text/plain")});
  app_->say(offer_, offer, "finish", {});
  app_->say(offer_, offer, "destroy", {});
  app_->say(icon_, protocol::wl_surface, "offset", {1u, 1u});
  app_->say(icon_, protocol::wl_surface, "attach", {buffer_, 0u, 0u});
  app_->say(icon_, protocol::wl_surface, "commit", {});
  app_->say(source_, protocol::wl_data_source, "destroy", {});
  app_->say(icon_, protocol::wl_surface, "destroy", {});
  EXPECT_EQ(count(exchange(), "delete_id(" + std::to_string(source_) + ")"), 1u);
  EXPECT_EQ(count(here().requests(), "wl_data_offer"), 0u);
  demand_good_standing();
  change("c");
  demand_good_standing();
}

TEST_F(RelayDragTest, WhatTheCompositorCancelledIsNotCancelledAgain) {
  demand_end_by(event::wl_data_source::cancelled);
}

TEST_F(RelayDragTest, WhatHasFinishedIsNotCancelled) {
  demand_end_by(event::wl_data_source::dnd_finished);
}

TEST_F(RelayDragTest, WhatWasDroppedIsNotLeft) {
  start();
  drag_over();
  here().send("wl_data_device", "drop", {});
  EXPECT_EQ(count(exchange(), "drop()"), 1u);
  EXPECT_EQ(count(change("b"), "leave()"), 0u);
}

// The button was pressed at a compositor that is no more: no drag can come of it.
TEST_F(RelayDragTest, ADragThatCannotStartEndsAtOnce) {
  start();
  serial_ = press();
  change("b");
  EXPECT_EQ(count(say_drag(source_), cancelled()), 1u);
  EXPECT_EQ(count(here().requests(), "start_drag"), 0u);
  demand_good_standing();
}

TEST_F(RelayDragTest, ADragEndsForAnAppThatTravels) {
  start();
  drag(source_);
  travel();
  EXPECT_EQ(count(change("b"), cancelled()), 1u);
}

}  // namespace
}  // namespace wayferry::test
