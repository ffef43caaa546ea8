// SPDX-License-Identifier: MIT
#pragma once

#include <malloc.h>

#include <format>
#include <string>
#include <vector>

// What is freed stays with the process. For those that have pieces of a megabyte pass through:
// glibc would give each back, and the kernel clear its pages once more for the next (mallopt(3)).

namespace wayferry {

constexpr int largest_kept_piece = 32 << 20;  // bytes; glibc's own upper limit
constexpr int largest_kept_end = 2 * largest_kept_piece;

inline void keep_freed_memory() {
  ::mallopt(M_MMAP_THRESHOLD, largest_kept_piece);
  ::mallopt(M_TRIM_THRESHOLD, largest_kept_end);
}

/// The same for a program that is started with this in its environment.
inline std::vector<std::string> keeping_freed_memory() {
  return {std::format("MALLOC_MMAP_THRESHOLD_={}", largest_kept_piece),
          std::format("MALLOC_TRIM_THRESHOLD_={}", largest_kept_end)};
}

}  // namespace wayferry
