// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <chrono>
#include <deque>
#include <optional>

#include "criu/pagemap.h"

// (source) What goes along after pages that were asked for, and when. Not at once: ssh would take
// it together with the page that an app stands still for, and that page would wait for all of it to
// be read, encrypted and carried over. And in small pieces, between which others may ask. Pure; it
// knows no clock and no connection.

namespace wayferry {

class ReadAhead {
 public:
  using Clock = std::chrono::steady_clock;
  struct Piece {
    pid_t process = 0;
    PageRange range;
  };

  /// The page before these has been sent as of `now`.
  void add(Piece piece, Clock::time_point now);
  /// How long from `now` on nothing is due; nothing if there is nothing.
  std::optional<Clock::duration> wait(Clock::time_point now) const;
  /// What is due, if it is.
  std::optional<Piece> take(Clock::time_point now);
  void clear() { waiting_.clear(); }

 private:
  struct Waiting {
    Piece piece;
    Clock::time_point due;
  };
  std::deque<Waiting> waiting_;
};

}  // namespace wayferry
