// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

#include "model/object.h"

// The pings that an app was given and has not answered. One that waits too long is answered for the
// app, so that no compositor calls it unresponsive, and the app's own answer is then held back. It
// knows no sockets and no clock: whoever serves the connection asks when something is due.

namespace wayferry {

class Pings {
 public:
  using Clock = std::chrono::steady_clock;

  /// Compositors wait a second or more; an app that lives answers within a frame or two.
  static constexpr std::chrono::milliseconds patience{100};

  /// A ping of the compositor's went on to the app's xdg_wm_base in this slot.
  void passed(Slot object, uint32_t serial, Clock::time_point now) {
    // An app that never answers takes this much: the oldest late answer may then pass, which is
    // wrong for no compositor.
    constexpr size_t most = 64;
    if (waiting_.size() == most) waiting_.erase(waiting_.begin());
    waiting_.push_back({object, serial, now + patience});
  }

  /// The app answers. False: that was done for it.
  bool answer(uint32_t serial) {
    const auto ping = std::ranges::find(waiting_, serial, &Ping::serial);
    if (ping == waiting_.end()) return true;
    const bool first = !ping->answered;
    waiting_.erase(ping);
    return first;
  }

  /// When the next ping has waited long enough, if one waits.
  std::optional<Clock::time_point> due() const {
    const auto next = std::ranges::find(waiting_, false, &Ping::answered);
    return next == waiting_.end() ? std::nullopt : std::optional(next->due);
  }

  /// Calls say(object, serial) for each ping that is due, and counts it as answered.
  template <typename Say>
  void answer_due(Clock::time_point now, Say say) {
    for (Ping& ping : waiting_) {
      if (ping.answered || ping.due > now) continue;
      ping.answered = true;
      say(ping.object, ping.serial);
    }
  }

  /// Another compositor knows nothing of them.
  void forget() { waiting_.clear(); }

 private:
  struct Ping {
    Slot object;
    uint32_t serial;  // the compositor's
    Clock::time_point due;
    bool answered = false;
  };
  std::vector<Ping> waiting_;  // in the order in which they came
};

}  // namespace wayferry
