// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>

namespace wayferry {

/// An ELF file for bpf(2).
std::span<const std::byte> mapping_flags_program();

}  // namespace wayferry
