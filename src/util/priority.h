// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

// Who has the processor after others, where there is not enough for all. A refusal changes nothing.
// Never in idle time only (SCHED_IDLE in sched(7)): whoever works there may hold a lock, ours or
// one of the kernel's, and does not come to let go of it while others are busy.

namespace wayferry {

/// The process, or the calling thread, has a third of the weight of others.
void let_others_first(pid_t process = 0);

}  // namespace wayferry
