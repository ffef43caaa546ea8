// SPDX-License-Identifier: MIT
//
// mapping_flags.bpf.c as clang made it, within our program, so that it is always there.

#include "criu/mapping_flags_program.h"

asm(R"(
  .pushsection .rodata
  .balign 8
wayferry_mapping_flags:
  .incbin ")" MAPPING_FLAGS_PROGRAM R"("
wayferry_mapping_flags_end:
  .popsection
)");

extern "C" {
extern const std::byte wayferry_mapping_flags[];
extern const std::byte wayferry_mapping_flags_end[];
}

namespace wayferry {

std::span<const std::byte> mapping_flags_program() {
  return {wayferry_mapping_flags, wayferry_mapping_flags_end};
}

}  // namespace wayferry
