// SPDX-License-Identifier: MIT
#include "engine/docker.h"

#include <sys/mount.h>

#include "criu/programs.h"
#include "util/error.h"
#include "util/process.h"
#include "util/scope.h"

namespace wayferry {
namespace {

constexpr const char* checkpoint_name = "wayferry";

// containerd unpacks the images there once more (services/tasks/local.go) and never removes them:
// as much memory, in many a /tmp, as the app has.
constexpr std::string_view unpacked_prefix = "ctrd-checkpoint";
// An image in which no two dumps are the same: registers, times.
constexpr const char* telling_image = "core-1.img";

void remove_unpacked(const Path& images) {
  const auto ours = read_file(images / telling_image);
  if (!ours) return;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/tmp", ignored))
    if (entry.path().filename().native().starts_with(unpacked_prefix) &&
        read_file(entry.path() / telling_image) == ours)
      std::filesystem::remove_all(entry.path(), ignored);
}

constexpr const char* cure =
    "put \"experimental\": true into /etc/docker/daemon.json and restart docker";

// True where the daemon's answer to `info` says that it is experimental.
bool is_experimental(const std::string& info) {
  return info.starts_with("true ");
}

const std::vector<std::string> ask_info{"info", "--format",
                                        "{{.ExperimentalBuild}} {{.DockerRootDir}}"};

}  // namespace

std::optional<HostCheck> check_docker() {
  if (!find_program("docker")) return std::nullopt;
  std::vector<std::string> command{"docker"};
  command.insert(command.end(), ask_info.begin(), ask_info.end());
  const Output info = run(command);
  if (info.status != 0) return std::nullopt;
  const bool ok = is_experimental(info.out);
  return HostCheck{.name = "docker",
                   .ok = ok,
                   .detail = ok ? "experimental" : "its daemon does not restore containers",
                   .cure = ok ? "" : cure};
}

// A layer that the daemon has is not looked for in the stream (image/tarexport/load.go).
void DockerEngine::add_transport(ImageCommands& commands, const std::string& engine,
                                 const std::string& image) const {
  commands.save = engine + " save " + image;
  commands.load = engine + " load --quiet";
}

std::string DockerEngine::owner_option(const AppUser& user) const {
  return "uid=" + std::to_string(user.uid) + ",gid=" + std::to_string(user.gid);
}

// Where containerd's shim keeps the records of Docker's containers.
std::vector<std::string> DockerEngine::runtime_command(const std::string& runtime) const {
  return {runtime, "--root", "/run/docker/runtime-" + runtime + "/moby"};
}

Path DockerEngine::checkpoint_place(const std::string& id) {
  if (containers_.empty()) make_restorable(id);
  return containers_ / id / "checkpoints" / checkpoint_name;
}

void DockerEngine::make_restorable(const std::string& /*id*/) {
  const std::string info = run_checked(ask_info);
  if (!is_experimental(info))
    throw Failure("", "Docker's daemon restores containers in experimental mode only", cure);
  containers_ = Path(info.substr(5, info.find('\n') - 5)) / "containers";
}

// Mounted, not linked: Docker packs the folder and would pack the link.
Output DockerEngine::restore_from(const std::string& id, const Path& images, const Run& restore) {
  const Path place = checkpoint_place(id);
  std::filesystem::create_directories(place);
  check("mount", ::mount(images.c_str(), place.c_str(), nullptr, MS_BIND, nullptr), place.native());
  const Undo clear([&] { clear_restore(id, images); });
  return restore({"start", "--checkpoint", checkpoint_name, id});
}

// The daemon may have taken the mount away already, once it heard of a failure.
void DockerEngine::clear_restore(const std::string& id, const Path& images) {
  remove_unpacked(images);
  const Path place = checkpoint_place(id);
  ::umount2(place.c_str(), MNT_DETACH);
  std::error_code ignored;  // empty, and goes with the container
  std::filesystem::remove(place, ignored);
}

}  // namespace wayferry
