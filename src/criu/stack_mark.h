// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

// How a misleading stack pointer (stack_pointers.h) is told to CRIU: as one that lies a byte
// higher, where no program's does.

namespace wayferry {

inline constexpr uint64_t misleading_modulus = 4096;  // CRIU's PAGE_SIZE
inline constexpr uint64_t stack_mark = 1;

constexpr bool misleads(uint64_t pointer) {
  return pointer != 0 && pointer % misleading_modulus == 0;
}
constexpr uint64_t marked(uint64_t pointer) {
  return misleads(pointer) ? pointer + stack_mark : pointer;
}
constexpr uint64_t unmarked(uint64_t pointer) {
  return pointer % misleading_modulus == stack_mark ? pointer - stack_mark : pointer;
}

}  // namespace wayferry
