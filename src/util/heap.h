// SPDX-License-Identifier: MIT
#pragma once

#include <malloc.h>

namespace wayferry {

/// What is freed stays with the process. For those that have pieces of a megabyte pass through:
/// glibc would give each back, and the kernel clear its pages once more for the next (mallopt(3)).
inline void keep_freed_memory() {
  constexpr int largest_piece = 32 << 20;  // glibc's own upper limit
  ::mallopt(M_MMAP_THRESHOLD, largest_piece);
  ::mallopt(M_TRIM_THRESHOLD, 2 * largest_piece);
}

}  // namespace wayferry
