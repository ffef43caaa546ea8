// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "criu/mapping_flags.h"

// What the bits of a mapping's flags are called in /proc/PID/smaps: two letters each, in the order
// of the bits (show_smap_vma_flags() in Linux' fs/proc/task_mmu.c). The bits differ between kernels
// and nothing tells them, so they are learned from mappings of which both is known. Never guessed:
// what the examples do not prove has no name.

namespace wayferry {

/// MAP_DROPPABLE in mmap(2), from Linux 6.11 on. glibc keeps what getrandom(3) needs in such pages,
/// but not before a process asks for something random.
inline constexpr int map_droppable = 0x08;

struct FlagExample {
  uint64_t flags;
  std::string names;  ///< as in smaps: "rd wr mr mw me ac"
};

class FlagNames {
 public:
  explicit FlagNames(const std::vector<FlagExample>& examples);

  /// As smaps names these flags, in alphabetical order; nothing if the examples do not tell.
  std::optional<std::string> of(uint64_t flags) const;

 private:
  using Bits = uint64_t;
  std::map<Bits, std::string> whole_;   // the flags of the examples
  std::map<Bits, std::string> single_;  // of bits that differ from all others; some have no name
};

/// From mappings that are made for it, with all that an app can ask of the kernel for its memory.
/// Throws SystemError.
FlagNames learn_flag_names(const MappingFlags& kernel);

}  // namespace wayferry
