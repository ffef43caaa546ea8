// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "util/io.h"

// A checkpoint's core images, one for each thread, and the little that is read from them here:
// which processes a user (or a shell) had stopped. How such an image is walked: fields.h.

namespace wayferry {

/// Magic numbers of CRIU's criu/include/magic.h, and what an image is called, in errors too.
inline constexpr uint32_t core_magic = 0x55053847;
inline constexpr const char* core_image = "CRIU core image";  // there are several
inline constexpr uint32_t files_magic = 0x56303138;
inline constexpr const char* files_image = "files.img";

/// The pid in the name of an image: "core-12.img" → 12 for the kind "core-"; nothing for others.
std::optional<pid_t> image_pid(std::string_view kind, std::string_view name);

/// Whether that image is written anew once CRIU has ended, so that it may not be sent before.
bool is_written_anew(std::string_view name);

/// True if a core image is that of a process which was stopped (ctrl-Z), not merely frozen. Throws
/// ProtocolError if it is no core image.
bool core_image_says_stopped(std::string_view image);

/// Writes all core images of a checkpoint anew, in place, each as `changed` makes it.
void rewrite_core_images(const Path& images, std::string (*changed)(std::string_view image));

/// The stopped processes of a checkpoint, by their pids inside the container.
std::set<pid_t> stopped_processes(const Path& images);

}  // namespace wayferry
