// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "util/io.h"
#include "util/process_tree.h"

// How long whoever called an engine bears a CRIU. No length of time says that one hangs: a
// checkpoint of much memory to a slow disk takes minutes, and is fine. So the limit is on time
// without progress, and progress is bytes, which a CRIU that is stopped, that waits for a dead file
// system, or that runs in circles has none of; its processor time would not tell of the last.

namespace wayferry {

struct Patience {
  /// Readable once there is something to look at; -1: there will be nothing.
  int wake = -1;
  /// Called once a second, and when `wake` is readable. It ends the waiting, and CRIU, by an
  /// exception.
  std::function<void()> look = {};
  /// The same happens when nothing has moved for so long. A restore reads up to 2 GB before it
  /// counts them, and a bad disk may need half a minute for that.
  std::chrono::milliseconds stall{60'000};
};

/// Waits with such patience.
class PatientWait {
 public:
  /// `progress` is any number that changes as long as there is progress.
  PatientWait(const Patience& patience, std::function<uint64_t()> progress);

  /// Until one of them can be read; its place. The first if there are several.
  size_t for_any(std::span<const int> descriptors);

 private:
  using Clock = std::chrono::steady_clock;
  void look();

  const Patience& patience_;
  std::function<uint64_t()> progress_;
  uint64_t seen_ = 0;
  Clock::time_point moved_ = Clock::now();
  Clock::time_point next_look_;
};

/// Progress of who writes files into a folder, and of processes that read and write.
uint64_t bytes_in(const Path& folder);
uint64_t bytes_moved_by(const std::vector<HeldProcess>& processes);

}  // namespace wayferry
