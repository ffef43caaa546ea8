// SPDX-License-Identifier: MIT
#include "util/error.h"

#include <cstdio>
#include <cstdlib>

namespace wayferry {

void check_failed(const char* condition, const char* file, int line) {
  // Not through the log: the log itself may be what is broken.
  std::fprintf(stderr, "wayferry: our bug: %s does not hold at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace wayferry
