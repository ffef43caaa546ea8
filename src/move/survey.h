// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "move/facts.h"
#include "move/file_tree.h"
#include "move/host.h"
#include "move/move_request.h"
#include "move/volumes.h"
#include "session/record.h"

// (source) All that a move must know of the session and of this host before it speaks to the
// target: what travels, how much that is, and whether anything here stands in its way. It changes
// nothing and needs nobody, so that a mover can do it while its target is still being reached.

namespace wayferry {

struct Survey {
  std::vector<PlannedVolume> volumes;
  std::vector<FileTree> trees;  ///< the files that travel, in their order
  uint64_t file_bytes = 0;      ///< what they need on the target's disk
  MemoryNeeds memory;
  transfer::Facts facts;           ///< about this host
  std::vector<std::string> notes;  ///< for the report
};

/// Throws Failure for what keeps the session from being moved as requested.
Survey survey_session(const LocalHost& here, Engine& engine, const SessionRecord& record,
                      const MoveRequest& request);

}  // namespace wayferry
