// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "util/io.h"

// Finds the compositor an app is to appear on. A user's shell names it in WAYLAND_DISPLAY; an ssh
// session and sudo do not, so there the only one that answers under /run/user is taken. Two that
// answer are a question for the user, never a guess.

namespace wayferry {

/// `wanted` is --display (a path or a name like "wayland-1"), or "". Throws Failure when there is
/// none, or no single one. `users` is /run/user, for tests another folder.
std::string find_compositor(const std::string& wanted, const Path& users = "/run/user");

}  // namespace wayferry
