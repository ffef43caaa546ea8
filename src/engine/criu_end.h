// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>

#include "engine/cgroup.h"
#include "util/process_tree.h"

// How a CRIU is ended that nobody waits for any more: because its move was given up, or because the
// mover or receiver above it was killed.
//
// A dump must not be killed: for moments CRIU has its own code in place of an app's, so that of 96
// apps whose CRIU was killed while it stood at one ptrace call or another 21 ended by a trap, and
// many kept mappings of CRIU's. Instead its gate is closed (pending_criu.h). Then it fails at the
// next image that it wants to make or fill, and puts everything back as it does after any error (77
// of 77, within 0.2 s); one that was stopped is woken for that. Only if it does not end it is
// killed. It sleeps in the kernel then, which it does for a file system and seldom in one of those
// moments.
//
// A restore fails when a process that it has made is killed, and takes its mounts and groups back.
// Unless that happens between two of its stages, where it forgets what it has heard and waits for
// ever (sigchld_handler() and restore_switch_stage() in its cr-restore.c): about one of twenty. It
// has nothing that could come to harm, so it is not given as long.

namespace wayferry {

/// How long a runtime that has nothing left to do but to end is waited for.
constexpr std::chrono::milliseconds runtime_end_limit{5'000};

/// Both return once it has ended, or else leave an error in the log.
void end_dump(const HeldProcess& criu);
/// `kill_started` kills what it has started. It is called before CRIU is woken, which would let
/// that run, and again until it ends, for it may be about to start more.
void end_restore(const HeldProcess& criu, const std::function<void()>& kill_started);

/// Sees to it that no dump has anything to do with the group's processes any more. With its gate
/// closed by its mover's end, CRIU puts the group's state back, frozen: who lets the app run again
/// before would find it frozen for good.
void end_left_dump(const Cgroup& group);

/// Ends the CRIU that writes this log, which it has open as long as it lives. What it has restored
/// is killed, and the runtime above, which takes its books back then, is waited for. False: nobody
/// restores.
bool end_left_restore(const Path& log);

}  // namespace wayferry
