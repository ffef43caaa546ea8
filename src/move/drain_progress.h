// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "util/io.h"

// How far the memory of a lazy move has come: for a bar on the terminal, for lines in a log, and,
// through a file in the session's folder on either host, for `wayferry ps`.

namespace wayferry {

class DrainProgress {
 public:
  /// `connected`: whether the other host is there.
  void now(uint64_t done_pages, uint64_t all_pages, uint64_t faults, bool connected);

  bool complete() const { return done_ >= all_; }
  /// "212 of 4295 MB, 118 MB/s, 35 s left, 81 faults"
  std::string text() const;
  /// The same as a bar of `width` signs: "[#####.....]".
  std::string bar(unsigned width) const;
  /// Replaces the file, at most a few times a second; nobody needs it after a crash.
  void publish(const Path& file) const;

 private:
  using Clock = std::chrono::steady_clock;
  double bytes_per_second() const;
  double seconds_left() const;

  Clock::time_point begin_ = Clock::now();
  uint64_t first_done_ = 0;
  bool begun_ = false;
  uint64_t done_ = 0;
  uint64_t all_ = 0;
  uint64_t faults_ = 0;
  bool connected_ = true;
};

}  // namespace wayferry
