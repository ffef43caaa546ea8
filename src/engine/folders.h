// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <span>

#include "util/io.h"

// Folders made for a container, and mounts on them taken away again.

namespace wayferry {

struct Folder {
  const char* path;
  mode_t mode;
};

inline constexpr mode_t for_all = 01777;

/// With this mode, whatever our umask.
void make_folder(const Path& path, mode_t mode);
void make_folders(const Path& below, std::span<const Folder> folders);

/// Takes all away that is mounted there, one upon another; nothing need be. Throws SystemError.
void unmount_all(const Path& place);

/// Takes away what is mounted anywhere below a folder that is about to be removed: a CRIU that was
/// killed leaves the host's control groups in its work folder. The folder has no blank in its path.
void unmount_below(const Path& folder);

}  // namespace wayferry
