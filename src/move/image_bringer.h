// SPDX-License-Identifier: MIT
#pragma once

#include "engine/engine.h"

// The image that an app runs from, brought to a target that lacks it, before anything of the move
// stands still. It goes from engine to engine over an ssh session of its own: who reads and writes
// an engine's store is the engine.

namespace wayferry {

/// Called with the bytes sent so far, at least once a second.
using ImageProgress = std::function<void(uint64_t)>;

/// Returns the bytes sent: 0 if the target had the image, or the app has none. Throws Failure if
/// another image bears its name there, or if the target has it neither before nor after.
uint64_t bring_image(Engine& engine, const ContainerSpec& spec, const std::string& host,
                     const ImageProgress& progress);

}  // namespace wayferry
