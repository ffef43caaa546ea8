// SPDX-License-Identifier: MIT
#include "engine/crun.h"

#include <dlfcn.h>

#include "criu/inherited_groups.h"
#include "engine/cgroup.h"
#include "util/error.h"

namespace wayferry {
namespace {

// What crun opens when it is asked for a checkpoint, and not before.
constexpr const char* criu_library = "libcriu.so.2";

bool has_library(const char* name) {
  void* const library = ::dlopen(name, RTLD_LAZY | RTLD_LOCAL);
  if (library) ::dlclose(library);
  return library != nullptr;
}

}  // namespace

void CrunEngine::demand_fitness() const {
  if (cgroup_versions_are_mixed())
    throw Failure("",
                  "crun starts nothing where version 2's control groups have controllers beside "
                  "version 1's",
                  "use --engine runc, or boot with systemd.unified_cgroup_hierarchy=1");
  if (!has_library(criu_library))
    throw Failure("", std::string("crun cannot checkpoint without ") + criu_library,
                  "apt install libcriu2, or use --engine runc");
}

// `crun restore` of 1.21 reads --manage-cgroups-mode and forgets it again.
pid_t CrunEngine::restore(const std::string& name, const ContainerDirs& dirs,
                          const RestoreOptions& options, const ContainerOutput& output) {
  inherit_groups(options.images);
  return RuncEngine::restore(name, dirs, options, output);
}

std::vector<std::string> CrunEngine::program(const BundlePaths& paths) const {
  // It would take another root where XDG_RUNTIME_DIR is set, as in a desktop's session, than where
  // it is not, as in one of ssh's.
  // CRIU ends a helper that it only has then by SIGTERM, and waits: it must not be ignored.
  return {"env",    "--default-signal=TERM", "CRIU_CONFIG_FILE=" + paths.criu.native(), "crun",
          "--root", state_root().native()};
}

Path CrunEngine::state_root() const {
  return "/run/crun";
}

std::vector<std::string> CrunEngine::checkpoint_options() const {
  return {"--file-locks", "--manage-cgroups-mode", "ignore"};
}

std::vector<std::string> CrunEngine::restore_options() const {
  return {"--file-locks", "--manage-cgroups-mode", "ignore", "--ext-unix-sk"};
}

// It moves a restored container's first process only; as CRIU manages no groups, all are born in
// the one in which CRIU is. runc puts it there.
std::vector<std::string> CrunEngine::restore_door(const std::string& name,
                                                  const BundlePaths& paths) const {
  std::vector<std::string> door = inside_cgroups(name);
  const auto namespaces = RuncEngine::restore_door(name, paths);
  door.insert(door.end(), namespaces.begin(), namespaces.end());
  return door;
}

}  // namespace wayferry
