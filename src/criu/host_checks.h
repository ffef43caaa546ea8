// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

// What a host needs so that apps can be checkpointed and restored on it. Each check looks at one
// thing, changes nothing, and when it fails says what to do. Used by `wayferry doctor`.

namespace wayferry {

struct HostCheck {
  std::string name;  ///< "CRIU version"
  bool ok = false;
  std::string detail;  ///< what was found: "4.1.1"
  std::string cure;    ///< what the user can do; empty if ok
};

/// All checks, in the order in which they should be mended.
std::vector<HostCheck> check_host();

/// Only what a lazy move needs besides, without starting a program: for every move.
std::vector<HostCheck> check_for_lazy();

}  // namespace wayferry
