// SPDX-License-Identifier: MIT
#include "cli/host.h"

#include "session/compositor.h"

namespace wayferry {

LocalHost real_host() {
  return {.store = SessionStore(Roots::from_environment()),
          .engine = make_engine,
          .start_monitor = start_monitor,
          .find_compositor = [](const std::string& wanted) { return find_compositor(wanted); }};
}

}  // namespace wayferry
