// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "util/io.h"

// A library that is loaded into CRIU for a dump where CRIU and the kernel have grown apart. CRIU up
// to 4.2 asks every socket whether it passes credentials and security labels; since Linux 6.16 only
// unix, netlink and bluetooth sockets answer, so that CRIU can dump no other socket, be it closed
// afterwards or kept. The library answers for the others: they do not. CRIU's program stays what
// it is, and a kernel that answers gets no library.

namespace wayferry {

/// Where the library is if CRIU needs it on this kernel; else nothing. Throws Failure if it is
/// needed and was not installed beside us.
std::optional<Path> dump_preload();

}  // namespace wayferry
