// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

// How the library in CRIU learns what left_out.h leaves out: a folder whose path stands in its
// environment. In it is a list of these, ordered by process and address, without overlaps; such a
// list of what has been seen to be there, so that none of it is a guard page; and for some
// processes, "PID" followed by the ending, what CRIU shall read in place of /proc/PID/smaps.

namespace wayferry {

inline constexpr const char* left_out_variable = "WAYFERRY_LEFT_OUT";
inline constexpr const char* left_out_list = "list";
inline constexpr const char* seen_list = "seen";
inline constexpr const char* short_smaps_ending = ".smaps";

struct LeftOutRange {
  int64_t process;  ///< its pid on the host
  uint64_t start;   ///< addresses, multiples of the page size
  uint64_t end;
};

}  // namespace wayferry
