// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

// Libraries that are loaded into CRIU for what it could not do, or only badly, alone. Its program
// stays what it is, and it gets no library that it does not need. The first is for restores too.
//
// gate: what gate.h tells of, for every dump and restore.
//
// sockets: CRIU up to 4.2 asks every socket whether it passes credentials and security labels;
// since Linux 6.16 only unix, netlink and bluetooth sockets answer, so that CRIU can dump no other
// socket, be it closed afterwards or kept. The library answers for the others: they do not.
//
// limits: CRIU asks for a process's limits with prlimit(2), which tells them of another user's only
// to who has CAP_SYS_RESOURCE. The library reads them in /proc, where everybody may.
//
// pages: for a lazy dump, what left_out.h tells of: it shows CRIU less of a process than there is.
// And for any on a kernel that tells of guard pages: a CRIU that does not ask which ones these are
// (guard_pages.h) is not shown them.

namespace wayferry {

/// What LD_PRELOAD must name for a dump of these processes on this kernel, lazy or not. Throws
/// Failure if something was not installed beside us.
std::string dump_preload(const std::vector<pid_t>& processes, bool lazy);
/// The same for a restore.
std::string restore_preload();

}  // namespace wayferry
