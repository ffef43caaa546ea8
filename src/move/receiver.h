// SPDX-License-Identifier: MIT
#pragma once

#include "move/fault.h"
#include "move/host.h"
#include "move/link.h"

// The target's side of a move. It does what the source asks, in one order, and removes everything
// again if the move ends in any way but "mine". Killed, it leaves that to the session's monitor
// (abandoned.h). It trusts the source with the app, which ssh has let in, but not with its files,
// its memory or its time: every name, size and silence is checked.

namespace wayferry {

/// Serves one move to its end. What goes wrong is told to the source, never thrown; false then.
bool receive_session(const LocalHost& here, Link& link, const Fault& fault);

}  // namespace wayferry
