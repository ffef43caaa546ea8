// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "move/host.h"

// What a monitor does when the process that led a move is suddenly gone (killed, so that it could
// not undo anything itself). The monitor is the only one left who knows; the record and the journal
// say how far it had come.

namespace wayferry {

/// True: the app runs here (again) and is to be served. False: the session was removed.
bool settle_abandoned(const LocalHost& host, const std::string& name);

}  // namespace wayferry
