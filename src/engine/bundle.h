// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "criu/config.h"
#include "engine/engine.h"
#include "engine/namespaces.h"

// The OCI bundle of a session: what runc and crun read about the container. Pure: it makes a text
// from a specification and touches nothing. What stands in it is chosen for being moved: few mounts
// (each one costs CRIU time), nothing that lets a file of the host in but the monitor's socket, and
// nothing in the environment that only means something on one host.

namespace wayferry {

/// Where the parts of a bundle lie. Our own names, beside config.json.
struct BundlePaths {
  explicit BundlePaths(const ContainerDirs& dirs)
      : config(dirs.bundle / "config.json"),
        criu(dirs.bundle / "criu.conf"),
        criu_environment(dirs.bundle / "criu-environment.conf"),
        root(dirs.bundle / "rootfs"),
        skeleton(dirs.bundle / "skeleton"),
        run(dirs.bundle / "run"),
        namespaces{.network = dirs.bundle / "network", .cgroup = dirs.bundle / "cgroup"},
        pid(dirs.bundle / "pid"),
        log(dirs.bundle / "engine.log") {}

  Path config;
  Path criu;              ///< CRIU's options, written anew before each dump and restore
  Path criu_environment;  ///< the options that only CRIU_CONFIG_FILE can bring it
  Path root;              ///< the overlay is mounted here
  Path skeleton;          ///< the layer of root.h
  Path run;               ///< the tmpfs of run_folder.h
  NamespaceFiles namespaces;
  Path pid;  ///< where the engine writes init's pid
  Path log;  ///< the engine's own errors
};

/// Environment of every container, before what ContainerSpec adds.
std::vector<std::string> base_environment(const AppUser& user);

/// config.json.
std::string bundle_config(const ContainerSpec& spec, const ContainerDirs& dirs,
                          CriuOptions criu = CriuOptions::annotation);

/// Where something is mounted below the root, by such a config.json.
std::vector<Path> mount_points(const std::string& config);

}  // namespace wayferry
