// SPDX-License-Identifier: MIT
#include "util/priority.h"

#include <sys/resource.h>

namespace wayferry {

void let_others_first(pid_t process) {
  constexpr int nice = 5;
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(process), nice);
}

}  // namespace wayferry
