// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "move/transfer.pb.h"
#include "session/store.h"

// What decides whether an app frozen on one host can go on on another, read from this host: both
// ends gather the same facts with the same code, and the source compares them (checks.h).

namespace wayferry {

transfer::Facts gather_facts(const Roots& roots);

/// About these processes, in bytes.
struct MemoryNeeds {
  uint64_t eager = 0;  ///< that CRIU will write of their anonymous and shared memory
  uint64_t lazy = 0;   ///< of that, what cannot follow later, which is shared or locked
  /// Private memory, swapped out or not, that they will have on a target to which it follows: each
  /// a copy of its own of what they share since a fork.
  uint64_t following = 0;
};
MemoryNeeds memory_of(const std::vector<pid_t>& pids);

/// The processor's instruction set extensions, out of /proc/cpuinfo's text. Only those a program
/// may use: the kernel's own words there differ from kernel to kernel and hurt nobody.
std::vector<std::string> instruction_sets(const std::string& cpuinfo);

}  // namespace wayferry
