// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <set>
#include <vector>

#include "engine/cgroup.h"
#include "util/io.h"

// Processes that the user had stopped (ctrl-Z) before we froze everything: they come over stopped.
//
// With cgroup version 2 CRIU sees and keeps them. With version 1 it would hang for good: a stopped
// process in a frozen group cannot be seized, and the wait for that cannot be interrupted. So there
// the stop is lifted while the group is frozen, for the time of the dump, and what CRIU thus does
// not see is written beside its images. Which frozen process is a stopped one only the place where
// it sleeps in the kernel tells; its state is "D" like that of all the others.

namespace wayferry {

class LiftedStops {
 public:
  /// Lifts the stops in a frozen group. Does nothing with cgroup version 2.
  explicit LiftedStops(const Cgroup& group);
  LiftedStops(const LiftedStops&) = delete;
  LiftedStops& operator=(const LiftedStops&) = delete;
  /// Stops the same processes again, while the group is still frozen: they do not run in between.
  ~LiftedStops();

  /// Notes them in the folder of a checkpoint's images.
  void write(const Path& images) const;

 private:
  std::vector<pid_t> processes_;
};

/// The processes of a checkpoint that must not go on, by their pids inside the container.
std::set<pid_t> stopped_in_checkpoint(const Path& images);

}  // namespace wayferry
