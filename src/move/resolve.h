// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "move/host.h"
#include "session/monitor_client.h"

// Putting what was decided into effect on the source, and finding out what was decided when the
// link broke. Used by the mover itself and, for a session left in doubt, by `wayferry resolve`.

namespace wayferry {

/// (target) The journal's word on a move, made final: "mine" or "dropped".
Owner decide_here(const LocalHost& host, const std::string& move_id);

/// The app lives elsewhere: closes its windows, ends the frozen copy without letting it run,
/// removes the session.
void let_go(const LocalHost& host, Engine& engine, MonitorClient& monitor, const std::string& name);

/// The app lives elsewhere, its windows here are closed, and all its memory has followed: removes
/// the frozen copy.
void remove_drained(const LocalHost& host, Engine& engine, const std::string& name);

/// The app stays: it runs again, windows and all.
void take_back(const LocalHost& host, Engine& engine, MonitorClient& monitor,
               const std::string& name);

}  // namespace wayferry
