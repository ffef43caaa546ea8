// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "move/checks.h"
#include "move/volumes.h"

// What a user wants of a move, as the command line or a test says it: no more than words and
// numbers, of which none has been compared yet with what is there.

namespace wayferry {

struct MoveRequest {
  std::string name;     ///< the session
  std::string display;  ///< the compositor wanted on the target; "": the only one
  MoveMode mode = MoveMode::eager;
  uint64_t bytes_per_second = 0;  ///< of memory that follows; 0: as fast as it goes
  /// How long at most memory is copied before the app stands still; nothing: 0.05 s, or
  /// a minute where the memory does not follow.
  std::optional<std::chrono::milliseconds> ahead = {};
  VolumeWishes volumes = {};
  bool close_foreign = false;  ///< connections that cannot follow end with the move
  bool keep_tcp = false;       ///< TCP connections go on, because the address moves too
};

}  // namespace wayferry
