// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

// Guard pages: nobody may touch them, by madvise(MADV_GUARD_INSTALL), since Linux 6.13; with glibc
// 2.42 and later every thread has one below its stack. They are parts of a mapping, which does not
// tell of them; without content, but counted as swapped out; and to read them is an error, of which
// a dump of CRIU's dies before 4.2. From then on it restores them.

namespace wayferry {

/// MADV_GUARD_INSTALL of madvise(2).
inline constexpr int guard_install = 102;

/// Of PAGEMAP_SCAN (linux/fs.h), since Linux 6.16.
inline constexpr uint64_t page_is_guard = 1 << 8;

}  // namespace wayferry
