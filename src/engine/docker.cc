// SPDX-License-Identifier: MIT
#include "engine/docker.h"

#include <sys/mount.h>

#include "util/error.h"
#include "util/process.h"
#include "util/scope.h"

namespace wayferry {
namespace {

constexpr const char* checkpoint_name = "wayferry";

}  // namespace

// Where containerd's shim keeps the records of Docker's containers.
std::vector<std::string> DockerEngine::runtime_command(const std::string& runtime) const {
  return {runtime, "--root", "/run/docker/runtime-" + runtime + "/moby"};
}

void DockerEngine::make_restorable(const std::string& /*id*/) {
  const std::string info =
      run_checked({"info", "--format", "{{.ExperimentalBuild}} {{.DockerRootDir}}"});
  if (!info.starts_with("true "))
    throw Failure("", "Docker's daemon restores containers in experimental mode only",
                  "put \"experimental\": true into /etc/docker/daemon.json and restart docker");
  containers_ = Path(info.substr(5, info.find('\n') - 5)) / "containers";
}

// Mounted, not linked: Docker packs the folder and would pack the link.
Output DockerEngine::restore_from(const std::string& id, const Path& images) {
  const Path place = containers_ / id / "checkpoints" / checkpoint_name;
  std::filesystem::create_directories(place);
  check("mount", ::mount(images.c_str(), place.c_str(), nullptr, MS_BIND, nullptr), place.native());
  const Undo unmount([&] {
    ::umount2(place.c_str(), MNT_DETACH);
    std::error_code ignored;  // empty, and goes with the container
    std::filesystem::remove(place, ignored);
  });
  return run_engine({"start", "--checkpoint", checkpoint_name, id});
}

}  // namespace wayferry
