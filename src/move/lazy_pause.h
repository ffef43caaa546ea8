// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "engine/engine.h"

// Where an app must not stand when a lazy dump begins (criu/stack_pointers.h).

namespace wayferry {

/// Of a paused app: lets it go on for a moment, a few times if need be, until CRIU would leave its
/// memory out. False if it waits where it always will: paused as before, and CRIU will write all
/// memory of one of its processes into the images.
bool pause_elsewhere(Engine& engine, const std::string& name);

}  // namespace wayferry
