// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>

#include "util/io.h"

// A BPF program as the kernel has taken it before. To make one from its ELF file libbpf reads all
// types of the kernel, 7 MB, for the places of a few fields, which takes 25 ms of a processor; what
// comes out is some dozen instructions. They are kept in a file, with what else the kernel must be
// told, and are good for the very kernel and ELF file that they were made from: another one is
// noticed, as is a file that is damaged, and the program made anew.

namespace wayferry {

/// Loads the only program of an ELF file, an iterator of the license "Dual MIT/GPL" without maps,
/// with the help of the file `kept`, which need not be there, nor possible. Throws SystemError
/// where the kernel does not take it.
UniqueFd load_iterator(std::span<const std::byte> elf, const Path& kept);

}  // namespace wayferry
