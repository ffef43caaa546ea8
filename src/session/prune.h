// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "session/store.h"

// Clears up after processes that were killed before they could. A session is dead when nobody holds
// its lock and no monitor listens on its control socket: its app has then lost its display for
// good. Every command that looks at sessions does this first, so no service is needed for it.

namespace wayferry {

using EngineMaker = std::function<std::unique_ptr<Engine>(const std::string& kind)>;

/// Removes dead sessions, containers and all; returns the records of the others. A session that
/// cannot be removed or read is logged and left out.
std::vector<SessionRecord> living_sessions(const SessionStore& store, const EngineMaker& engine);

/// Removes whatever there is of a session: container, then folders. For the lock's holder.
void remove_session(const SessionStore& store, Engine& engine, const std::string& name);

}  // namespace wayferry
