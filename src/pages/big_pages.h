// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>

// What of a freeze grows with an app's memory is CRIU's way through its page tables: it counts,
// scans and pins every page, once each, though a lazy dump writes none of them. Where 512 pages are
// one big page, all that is one step. So before anything stands still, memory that is filled anyway
// is put into big pages: process_madvise(2) with MADV_COLLAPSE, Linux 6.1, which needs no setting
// of the host. The app keeps its addresses, rights and content; a thread that touches a block just
// then waits a millisecond or two. Reading the pages later is faster, too. But it is a copy of all
// of it, and lasts as long.

namespace wayferry {

/// Puts memory of the running process `pid` into big pages where it is all there, private and not
/// shared with a fork, for at most `limit`. Does nothing if that is less than `least` bytes,
/// and stops where the kernel cannot or has no big pages left: it is only faster with
/// them. Returns the bytes that are in new big pages.
uint64_t make_big_pages(pid_t pid, uint64_t least, std::chrono::milliseconds limit);

}  // namespace wayferry
