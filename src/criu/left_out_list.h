// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

// How the library in CRIU learns what left_out.h leaves out: a file of these, ordered by process
// and address, without overlaps, whose path stands in its environment.

namespace wayferry {

inline constexpr const char* left_out_variable = "WAYFERRY_LEFT_OUT";

struct LeftOutRange {
  int64_t process;  ///< its pid on the host
  uint64_t start;   ///< addresses, multiples of the page size
  uint64_t end;
};

}  // namespace wayferry
