// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <map>
#include <vector>

#include "util/io.h"
#include "util/unique_fd.h"

// The memory of the processes that stand still at the source, read through /proc/PID/mem. Nothing
// is copied before it is asked for, and nothing changes: they never run again, or the move has
// failed and nobody reads any more.

namespace wayferry {

class FrozenMemory {
 public:
  /// Inner pid → the host's pid.
  explicit FrozenMemory(const std::map<pid_t, pid_t>& processes);

  /// Reads all of `into` from whole pages that the process has. From any thread. Throws
  /// SystemError.
  void read(pid_t inner_pid, uint64_t address, std::span<std::byte> into) const;

 private:
  std::map<pid_t, UniqueFd> files_;
};

}  // namespace wayferry
