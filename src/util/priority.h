// SPDX-License-Identifier: MIT
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

namespace wayferry {

/// The process, or the calling thread, has the processor after others, where there is not enough
/// for all. A refusal changes nothing.
inline void let_others_first(pid_t process = 0) {
  constexpr int nice = 5;  // a third of the weight of others
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(process), nice);
}

}  // namespace wayferry
