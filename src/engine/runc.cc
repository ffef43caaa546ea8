// SPDX-License-Identifier: MIT
#include "engine/runc.h"

#include "criu/preload.h"
#include "engine/criu_end.h"
#include "engine/folders.h"
#include "engine/image.h"
#include "engine/namespaces.h"
#include "engine/root.h"
#include "engine/run_folder.h"
#include "engine/segment.h"
#include "util/error.h"
#include "util/process.h"
#include "util/scope.h"

namespace wayferry {
namespace {

const Path volumes = "/var/lib/wayferry/volumes";

RootLayers layers_of(const Path& base, const ContainerDirs& dirs) {
  const BundlePaths paths(dirs);
  return {.base = base, .skeleton = paths.skeleton, .writable = dirs.writable, .mount = paths.root};
}

Path base_directory(const ContainerSpec& spec) {
  return spec.base_kind == "image" ? image_root(spec.base) : Path(spec.base);
}

std::vector<std::string> joined(std::vector<std::string> words,
                                const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

pid_t read_pid(const Path& file) {
  const auto text = read_file(file);
  if (!text || text->empty()) throw Failure("", "the engine wrote no pid to " + file.native());
  return std::stoi(*text);
}

}  // namespace

std::vector<std::string> RuncEngine::program(const BundlePaths& /*paths*/) const {
  return {"runc"};
}

Path RuncEngine::state_root() const {
  return "/run/runc";
}

std::vector<std::string> RuncEngine::restore_door(const std::string& /*name*/,
                                                  const BundlePaths& paths) const {
  return inside_both(paths.namespaces);
}

EngineImage RuncEngine::image(const std::string& reference) {
  const std::string digest = import_image(reference);
  return {.digest = digest, .defaults = image_defaults(digest)};
}

ImageCommands RuncEngine::image_commands(const std::string& digest) {
  return stored_image_commands(digest);
}

Accounts RuncEngine::accounts(const ContainerSpec& spec) {
  const auto text = [etc = base_directory(spec) / "etc"](const char* name) {
    // A link might lead out of the root file system.
    const bool plain =
        std::filesystem::is_regular_file(std::filesystem::symlink_status(etc / name));
    return plain ? read_file(etc / name).value_or("") : std::string();
  };
  return {.users = text("passwd"), .groups = text("group")};
}

Path RuncEngine::named_volume(const std::string& name) {
  std::filesystem::create_directories(volumes / name);
  return volumes / name;
}

void RuncEngine::remove_named_volume(const std::string& name) {
  std::filesystem::remove_all(volumes / name);
}

// As the bundle wants it: with folders for names.
ContainerSpec RuncEngine::with_folders(ContainerSpec spec) {
  for (Volume& volume : spec.volumes) volume.source = folder_of(*this, volume);
  return spec;
}

void RuncEngine::prepare(const ContainerSpec& spec, const ContainerDirs& dirs, Purpose purpose) {
  const auto segment = segment_from(spec.network);
  if (!segment && spec.network != "none")
    throw Failure("", "this engine has no network " + spec.network,
                  "use --engine docker or podman, which have networks, or --network macvlan:…");
  demand_fitness();
  const BundlePaths paths(dirs);
  const RootLayers layers = layers_of(base_directory(spec), dirs);
  for (const Path& folder : {dirs.bundle, dirs.display})
    std::filesystem::create_directories(folder);
  unmount_root(layers);
  unmount_run_folder(paths.run);
  remove_namespaces(paths.namespaces);
  Undo undo([&] { remove(spec.name, dirs); });
  mount_root(layers);
  mount_run_folder(paths.run);
  if (purpose == Purpose::start) fill_run_folder(paths.run, spec.user);
  make_namespaces(paths.namespaces, spec.name);
  if (segment) make_segment(*segment, paths.namespaces);
  if (purpose == Purpose::start) open_network(spec, dirs);
  write_file(paths.config, bundle_config(with_folders(spec), dirs, criu_options()));
  undo.dismiss();
}

std::optional<Path> RuncEngine::run_folder(const ContainerDirs& dirs) const {
  return BundlePaths(dirs).run;
}

void RuncEngine::open_network(const ContainerSpec& spec, const ContainerDirs& dirs) {
  if (const auto segment = segment_from(spec.network))
    open_segment(*segment, BundlePaths(dirs).namespaces);
}

void RuncEngine::close_network(const ContainerSpec& spec, const ContainerDirs& dirs) {
  if (address_moves(spec)) close_segment(BundlePaths(dirs).namespaces);
}

pid_t RuncEngine::start(const std::string& name, const ContainerDirs& dirs,
                        const ContainerOutput& output) {
  const BundlePaths paths(dirs);
  const auto error = run_runtime(
      dirs, program(paths),
      {"run", "--detach", "--bundle", dirs.bundle.native(), "--pid-file", paths.pid.native(), name},
      with_output(output));
  if (error) throw Failure("", "cannot start the app: " + *error);
  return read_pid(paths.pid);
}

Cgroup RuncEngine::group(const std::string& name) {
  return Cgroup(name);
}

// From inside the app's network, so that CRIU finds nothing to dump there (namespaces.h).
OciEngine::Runtime RuncEngine::runtime(const std::string& name, const ContainerDirs& dirs) {
  const BundlePaths paths(dirs);
  return {.command = joined(inside_network(paths.namespaces), program(paths)),
          .id = name,
          .checkpoint_options = checkpoint_options(),
          .criu_options = criu_options()};
}

std::vector<std::string> RuncEngine::restore_command(const std::string& name,
                                                     const BundlePaths& paths) const {
  return joined(restore_door(name, paths), program(paths));
}

std::unique_ptr<PendingCriu> RuncEngine::start_restore(const std::string& name,
                                                       const ContainerDirs& dirs,
                                                       const RestoreOptions& options,
                                                       const ContainerOutput& output) {
  const BundlePaths paths(dirs);
  restore_config(options).write(paths.criu);
  std::vector<std::string> arguments = {
      "restore",     "--detach",         "--bundle",     dirs.bundle.native(),
      "--pid-file",  paths.pid.native(), "--image-path", options.images.native(),
      "--work-path", dirs.work.native()};
  arguments = joined(std::move(arguments), restore_options());
  if (options.keep_tcp) arguments.emplace_back("--tcp-established");
  arguments.push_back(name);
  SpawnOptions spawning = with_output(output);
  spawning.environment.push_back("LD_PRELOAD=" + restore_preload());
  return start_runtime(dirs, restore_command(name, paths), arguments, std::move(spawning),
                       CriuWork::restore, paths.pid);
}

void RuncEngine::warm_up_restore(const std::string& name, const ContainerDirs& dirs,
                                 const RestoreOptions& options, const ContainerOutput& output,
                                 const std::string& told) {
  // Its CRIU reads its options at once, and with them what has to be there by then.
  if (criu_options() == CriuOptions::environment) return;
  const BundlePaths paths(dirs);
  own_folders_above(mount_points(read_file(paths.config).value_or("")), paths.root);
  write_file(options.images / descriptors_file, told);
  pending_restore_ = start_restore(name, dirs, options, output);
}

void RuncEngine::await_warm_restore(const RestoreOptions& options) {
  if (!pending_restore_) return;
  pending_restore_->arrived(options.patience);  // whether it has is looked at when it is needed
  std::filesystem::remove(options.images / descriptors_file);  // it comes again, as an image
}

pid_t RuncEngine::restore(const std::string& name, const ContainerDirs& dirs,
                          const RestoreOptions& options, const ContainerOutput& output) {
  const BundlePaths paths(dirs);
  auto pending = std::move(pending_restore_);
  // It has tried to restore nothing, and failed. Its end takes the gate with it.
  if (pending && !pending->arrived(options.patience)) pending.reset();
  if (!pending) pending = start_restore(name, dirs, options, output);
  const auto error = finish_runtime(dirs, restore_command(name, paths), *pending, options.patience);
  if (error) fail("cannot restore the app", restore_log(dirs), *error);
  ending_restore_ = std::move(pending);
  hold_restored(group(name), options.images);
  return read_pid(paths.pid);
}

// Of a restore whose runtime was killed the app's root is still mounted in the container's state,
// which it would empty with it.
void RuncEngine::delete_container(const std::string& name, const BundlePaths& paths) {
  unmount_below(state_root() / name);
  const Output output = run(joined(program(paths), {"delete", "--force", name}));
  // Half made or never made: there is nothing to delete, and --force says so or is silent.
  if (output.status != 0 && output.err.find("does not exist") == std::string::npos)
    throw Failure("", "cannot delete the container " + name + ": " + output.err);
}

void RuncEngine::remove(const std::string& name, const ContainerDirs& dirs) {
  const BundlePaths paths(dirs);
  pending_restore_.reset();
  ending_restore_.reset();
  end_left_restore(restore_log(dirs));
  kill(name, 0ms);
  delete_container(name, paths);
  remove_cgroups(name);
  unmount_root(layers_of({}, dirs));
  unmount_run_folder(paths.run);
  remove_segment(paths.namespaces);
  remove_namespaces(paths.namespaces);
  for (const Path& file : {paths.config, paths.criu, paths.criu_environment, paths.pid, paths.log})
    std::filesystem::remove(file);
}

}  // namespace wayferry
