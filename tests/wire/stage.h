// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "../fake/fake_app.h"
#include "../fake/fake_compositor.h"
#include "monitor/relay.h"

// App, relay and compositor in one process, for wire scripts: what one end says is carried to the
// other at once, and what arrives waits in order until the script asks for it. It knows ids and
// bytes, no names.

namespace wayferry::test {

class Stage {
 public:
  Stage();
  ~Stage();

  FakeApp& app() { return *app_; }
  FakeCompositor& compositor() { return *compositors_.back(); }

  /// Puts the session to a new compositor that lacks the named global ("" = none).
  void change_compositor(const std::string& without);
  /// The session's state is written and read again, as between two hosts; the app's socket stays.
  void travel();
  void hold(bool held);
  /// The compositor goes on saying delete_id by itself, or leaves it to the script.
  void compositor_deletes_ids(bool by_itself);

  /// Carries everything that was said so far, and collects what arrived.
  void carry();
  /// Handles what has come in, without waiting for anything: between the pieces of a message.
  void pump_app();
  void pump_compositor();

  bool app_is_cut_off() const { return cut_off_; }
  bool compositor_is_lost() const { return lost_; }
  /// At the compositor the app's registry is the link's own one.
  uint32_t links_registry();
  std::deque<Arrived> at_app;
  std::deque<Arrived> at_compositor;

 private:
  template <typename Talk>
  void unless_lost(Talk talk);
  void collect(const std::function<bool(const Arrived&)>& wanted);

  Path folder_;
  std::unique_ptr<FakeApp> app_;
  std::unique_ptr<Relay> relay_;
  std::vector<std::unique_ptr<FakeCompositor>> compositors_;
  size_t taken_ = 0;  // of what the compositor has heard
  bool deletes_ids_ = true;
  bool cut_off_ = false;
  bool lost_ = false;
};

}  // namespace wayferry::test
