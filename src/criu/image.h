// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <set>
#include <string_view>

#include "util/io.h"

// The little that is read from CRIU's images: which processes a user (or a shell) had stopped. An
// image is a magic number and records of protobuf; the two fields are walked by hand, because
// CRIU's own descriptions of its images are in no package and change only by addition.

namespace wayferry {

inline constexpr uint32_t core_magic = 0x55053847;            // CORE_MAGIC of criu/include/magic.h
inline constexpr const char* core_image = "CRIU core image";  // in errors

/// True if a core image is that of a process which was stopped (ctrl-Z), not merely frozen. Throws
/// ProtocolError if it is no core image.
bool core_image_says_stopped(std::string_view image);

/// The stopped processes of a checkpoint, by their pids inside the container.
std::set<pid_t> stopped_processes(const Path& images);

}  // namespace wayferry
