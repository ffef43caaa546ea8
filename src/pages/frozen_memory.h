// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <map>
#include <vector>

#include "util/io.h"
#include "util/unique_fd.h"

// The memory of the processes that stand still at the source. Nothing is copied before it is asked
// for, and nothing changes: they never run again, or the move has failed and nobody reads any more.
// What goes ahead reads that of running processes in the same way (move/running_memory.h).
//
// process_vm_readv(2) copies each page once and looks many up together; /proc/PID/mem copies each
// twice, through a page of the kernel's, but also reads what the process itself must not (mprotect
// to nothing). So the second is for where the first cannot.

namespace wayferry {

class FrozenMemory {
 public:
  /// Inner pid → the host's pid.
  explicit FrozenMemory(const std::map<pid_t, pid_t>& processes);

  /// Reads all of `into` from whole pages that the process has. From any thread. Throws
  /// SystemError.
  void read(pid_t inner_pid, uint64_t address, std::span<std::byte> into) const;

  /// Reads pages from here and there, one after the other, until one cannot be read; how many. From
  /// any thread.
  size_t read_scattered(pid_t inner_pid, std::span<const uint64_t> addresses,
                        std::span<std::byte> into) const;

  /// The same as read() from pages of its mappings that it need not have: zeros, then. Also for a
  /// guard page (criu/guard_pages.h).
  void read_or_zeros(pid_t inner_pid, uint64_t address, std::span<std::byte> into) const;

 private:
  struct Process {
    pid_t outer;
    UniqueFd pidfd;
    UniqueFd memory;
  };
  const Process& process_of(pid_t inner_pid) const;
  /// The bytes read, from the beginning; 0: not this way.
  static size_t read_directly(const Process& process, std::span<const iovec> there,
                              std::span<std::byte> into);

  std::map<pid_t, Process> processes_;
};

}  // namespace wayferry
