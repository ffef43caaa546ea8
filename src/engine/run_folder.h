// SPDX-License-Identifier: MIT
#pragma once

#include "engine/app_user.h"
#include "util/io.h"

// The tmpfs that a container has at /run, and with it /tmp, /dev/shm and XDG_RUNTIME_DIR (links of
// root.h lead there). It is mounted on the host and bound into the container: so its files travel
// as other files do, most of them while the app still runs. CRIU would start tar for a tmpfs of the
// container's own, once in the dump and once in the restore, 3 ms each if it is empty.

namespace wayferry {

/// Mounts an empty one. Throws SystemError.
void mount_run_folder(const Path& place);

/// What an app expects to find in it when it is started.
void fill_run_folder(const Path& place, const AppUser& user);

/// Unmounts and removes it, also when it is not there. What is in it is lost.
void unmount_run_folder(const Path& place);

}  // namespace wayferry
