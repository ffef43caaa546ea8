// SPDX-License-Identifier: MIT
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "engine/engine.h"

// The image that an app runs from, brought to a target that lacks it, before anything of the move
// stands still. It goes from engine to engine over an ssh session of its own: who reads and writes
// an engine's store is the engine. Layers that the target has, of this image's ancestors perhaps,
// are left out of the stream on the way.

namespace wayferry {

/// Called with the bytes sent so far, at least once a second.
using ImageProgress = std::function<void(uint64_t)>;

/// Returns the bytes sent: 0 if the target had the image, or the app has none. Throws Failure if
/// another image bears its name there, or if the target has it neither before nor after.
uint64_t bring_image(Engine& engine, const ContainerSpec& spec, const std::string& host,
                     const ImageProgress& progress);

/// Of an image's layers, those that need not be sent: the lowest ones, as far as some image there
/// is built on the same. Both arguments as ImageCommands' scripts print them; hex digits.
std::set<std::string> layers_there(const std::string& own, const std::string& all);

}  // namespace wayferry
