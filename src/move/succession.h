// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "move/host.h"
#include "util/unique_fd.h"

// What is done when the leader of a lazy move's drain is dead (standby.h), or at the source when
// the user asks for it (wayferry resolve).

namespace wayferry {

/// (target) `kept` are the userfaultfds. The app ends up with all its memory, or ended.
void succeed_receiver(const LocalHost& host, const std::string& name, std::vector<UniqueFd> kept);

/// (source) Settles whose the app is, if that is still open, and serves its memory to the end.
void succeed_mover(const LocalHost& host, const std::string& name, uint64_t bytes_per_second);

/// (source) Serves the memory of a session that is draining, or whose app the target is known to
/// own, until the target has it all, and removes the session. For the lock's holder. Throws Failure
/// if the target cannot be reached for long; then the session stays as it is.
void finish_outgoing_drain(const LocalHost& host, const std::string& name,
                           uint64_t bytes_per_second);

}  // namespace wayferry
