// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

// What stands in /proc/PID/maps and smaps (proc_pid_maps(5), proc_pid_smaps(5)).

namespace wayferry {

struct Mapping {
  uint64_t start = 0;  ///< addresses
  uint64_t end = 0;
  bool operator==(const Mapping&) const = default;
};

struct SmapsEntry {
  Mapping range;
  std::string_view line;   ///< the mapping's own, as in maps
  std::string_view flags;  ///< names of two letters, "rd wr mr"; maps does not tell them
};

/// Of either file, in its order; points into the text.
std::vector<SmapsEntry> parse_smaps(std::string_view text);

/// Whether others see what is written there (MAP_SHARED).
bool is_shared(const SmapsEntry& mapping);

}  // namespace wayferry
