// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "engine/engine.h"

// What this host knows of one session, kept as session.json in its folder and replaced in one step.
// It doubles as the source's journal of a move: `in_doubt` is written before the target is told
// that the app is its own, so that any later command knows whom to ask. It does not hold the
// session's Wayland state; only the monitor knows that.

namespace wayferry {

enum class SessionState {
  running,   ///< the app runs here
  moving,    ///< frozen by a mover that has given nothing away yet
  draining,  ///< lives at `move_host`; frozen here with memory that has not followed yet
  in_doubt,  ///< frozen; offered to `move_host` under `move_id`, whose journal decides
  incoming,  ///< (target) being received as `move_id`; not ours yet
};

std::string_view to_string(SessionState state);

struct SessionRecord {
  ContainerSpec spec;
  std::string engine = "runc";
  SessionState state = SessionState::running;
  pid_t init_pid = 0;      ///< 0: the container has not started
  pid_t monitor_pid = 0;   ///< 0: not started
  std::string compositor;  ///< path of the compositor's socket
  int64_t created = 0;     ///< seconds since 1970
  std::string move_id;     ///< the move under way, or in doubt
  std::string move_host;   ///< where it goes, as the user named it
  bool lazy = false;       ///< that move's memory follows the running app
};

nlohmann::json to_json(const ContainerSpec& spec);
/// Throws if the session is in doubt: until that is resolved nothing may be done to it here.
void require_settled(const SessionRecord& record);

nlohmann::json to_json(const SessionRecord& record);

/// Both throw ProtocolError naming `where` (a file, a peer) when the text is not such an object.
ContainerSpec spec_from_json(std::string_view text, const std::string& where);
SessionRecord record_from_json(std::string_view text, const std::string& where);

}  // namespace wayferry
