// SPDX-License-Identifier: MIT
#pragma once

#include "engine/cgroup.h"

// A mover that is killed in the middle of a dump leaves its CRIU at it, or stopped. With its gate
// closed that ends by itself (pending_criu.h) and puts the group's state back, frozen: who lets the
// app run again before would find it frozen for good.

namespace wayferry {

/// Sees to it that no CRIU has anything to do with the group's processes any more.
void end_left_criu(const Cgroup& group);

}  // namespace wayferry
