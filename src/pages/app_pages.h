// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include "criu/pagemap.h"

namespace wayferry {

/// Pages of one of the app's processes, at the address that they have there.
struct AppPages {
  pid_t process = 0;  ///< inside the container
  PageRange range;
  bool operator==(const AppPages&) const = default;
};

}  // namespace wayferry
