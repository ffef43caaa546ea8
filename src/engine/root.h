// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <vector>

#include "util/io.h"

// The container's root file system: three layers of an overlay. On top what the app writes, below
// the base (a directory or an image, never written to), and between them a skeleton of ours: device
// nodes, empty mount points, /tmp and /dev/shm as links into the one tmpfs at /run (run_folder.h).
// Why: each mount costs CRIU milliseconds, and with devices in a layer and the private folders in
// one tmpfs there is one instead of four; and nothing of ours ends up among the files that the app
// wrote.

namespace wayferry {

struct RootLayers {
  Path base;      ///< a root file system
  Path skeleton;  ///< made by us, anew each time
  Path writable;  ///< upper/ and work/ are made in it if they are not there
  Path mount;     ///< where the result is mounted
};

/// Makes the skeleton and mounts the layers. Throws Failure if the base cannot serve.
void mount_root(const RootLayers& layers);

/// Takes the folders that lead to these places over into the upper layer, as they are. For who
/// looks places up while files still come into that layer: an overlay that has found a folder in
/// the base only does not notice one that appears above it later, and what is in there.
void own_folders_above(const std::vector<Path>& places, const Path& mounted_root);

/// Unmounts the root and removes skeleton and mount point, also when they are not there.
void unmount_root(const RootLayers& layers);

/// The options of the overlay mount: paths with its separators in them escaped.
std::string overlay_options(const RootLayers& layers);

/// Whether it is one of the devices that every container is given, all of them harmless.
bool is_common_device(mode_t mode, dev_t device);

}  // namespace wayferry
