// SPDX-License-Identifier: MIT
#include "engine/podman.h"

#include "criu/programs.h"
#include "util/error.h"
#include "util/process.h"
#include "util/scope.h"

namespace wayferry {
namespace {

constexpr const char* able_runtime = "runc";

// None of its warnings among the words of an app or of an error.
std::vector<std::string> program() {
  std::vector<std::string> words = {"podman", "--log-level", "error"};
  if (find_program(able_runtime)) words.insert(words.end(), {"--runtime", able_runtime});
  return words;
}

}  // namespace

PodmanEngine::PodmanEngine() : CliEngine(program()) {}

// `podman load` wants every layer in the stream; skopeo, which uses the same store, asks for those
// only that it has not. Uncompressed, a layer is called by the digest by which the store knows it.
void PodmanEngine::add_transport(ImageCommands& commands, const std::string& engine,
                                 const std::string& image) const {
  const std::string in_a_folder = "d=$(mktemp -d) && ";
  const std::string without_it = "; r=$?; rm -r \"$d\"; exit $r";
  // A name is needed where the image has none.
  const std::string name =
      image.starts_with("sha256:") ? "localhost/wayferry:" + image.substr(7) : image;
  commands.save = in_a_folder + engine +
                  " save --quiet --format docker-dir --uncompressed --output \"$d/image\" " +
                  image + " && tar -C \"$d/image\" -cf - ." + without_it;
  commands.load =
      in_a_folder +
      "tar -C \"$d\" -xf - && skopeo copy --quiet dir:\"$d\" containers-storage:" + name +
      without_it;
}

// Podman's other runtime is crun, which takes CRIU's options from its own command line and the
// environment only (crun.h), and Podman lets nobody say anything in either.
void PodmanEngine::demand_fitness() const {
  if (!find_program(able_runtime))
    throw Failure("", "Podman's containers can be moved under runc only, which is not installed",
                  "apt install runc, or use --engine crun");
}

// It takes no numbers there.
std::string PodmanEngine::owner_option(const AppUser& /*user*/) const {
  return "U";
}

std::vector<std::string> PodmanEngine::create_options() const {
  // Its own /dev/shm is a mount from the host, whose contents a checkpoint would leave behind.
  return {"--tmpfs", "/dev/shm:exec,mode=1777", "--systemd", "false", "--log-driver", "k8s-file"};
}

std::vector<std::string> PodmanEngine::runtime_command(const std::string& runtime) const {
  return {runtime};
}

// It takes a container that ended for one that can be restored, and one that was only created for
// one that cannot: configured by `init`, ended by `stop`, and nothing of the app has run.
void PodmanEngine::make_restorable(const std::string& id) {
  folder_ = inspect(id, ".StaticDir");
  run_checked({"init", id});
  pid_file_ = inspect(id, ".PidFile");
  run_checked({"stop", "--time", "0", id});
}

// conmon writes it anew; asking Podman takes longer than CRIU for a small app.
pid_t PodmanEngine::restored_init(const std::string& id) {
  const auto pid = read_file(pid_file_);
  return pid && !pid->empty() ? std::stoi(*pid) : CliEngine::restored_init(id);
}

Output PodmanEngine::restore_from(const std::string& id, const Path& images, const Run& restore) {
  const Path place = folder_ / "checkpoint";
  std::filesystem::remove(pid_file_);  // of the run that made it restorable
  std::filesystem::remove_all(place);
  std::filesystem::create_directory_symlink(images, place);
  const Undo unlink([&] { std::filesystem::remove(place); });
  // Without --keep it would remove what is not its own.
  return restore({"container", "restore", "--keep", id});
}

}  // namespace wayferry
