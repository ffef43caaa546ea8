// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "util/io.h"

// Restored processes that stay in the control groups in which CRIU is, although CRIU was told to
// manage groups: so it does with one whose image names no set of groups. For a runtime that does
// not pass manage-cgroups=ignore on.

namespace wayferry {

/// The core image of a process or thread, without its set of control groups. Throws ProtocolError
/// if it is no core image.
std::string without_group_set(std::string_view core);

/// The same for all of a checkpoint, in place.
void inherit_groups(const Path& images);

}  // namespace wayferry
