// SPDX-License-Identifier: MIT
#include "engine/cli_engine.h"

#include <sys/mount.h>
#include <unistd.h>

#include <array>

#include "engine/bundle.h"
#include "engine/criu_end.h"
#include "engine/folders.h"
#include "util/error.h"
#include "util/process.h"
#include "util/scope.h"

namespace wayferry {
namespace {

constexpr std::string_view session_label = "wayferry.session=";

std::string without_newline(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

// Private to the container and in its memory, so that they move with it. Docker's are noexec unless
// told otherwise; libffi and software GL map code from there.
constexpr const char* private_temporary = "/tmp:exec,mode=1777";
constexpr std::string_view private_runtime = ":exec,mode=700,";

std::string mount_option(const Volume& volume) {
  return std::string("type=") + (volume.named() ? "volume" : "bind") + ",source=" + volume.source +
         ",target=" + volume.target + (volume.read_only ? ",readonly" : "");
}

std::vector<std::string> create_arguments(const ContainerSpec& spec, const ContainerDirs& dirs) {
  std::vector<std::string> words = {
      "create", "--name", spec.name, "--hostname", spec.name, "--label",
      std::string(session_label) + spec.name,
      // "none" is a network namespace with nothing in it.
      "--network", spec.network, "--ipc", "private",
      // With one of its own, CRIU would have to manage the groups, which the engine does already.
      "--cgroupns", "host", "--annotation", "org.criu.config=" + BundlePaths(dirs).criu.native(),
      "--mount", "type=bind,source=" + dirs.display.native() + ",target=/run/wayferry",
      "--security-opt", "no-new-privileges", "--workdir", spec.working_directory, "--user",
      std::to_string(spec.user.uid) + ":" + std::to_string(spec.user.gid), "--tmpfs",
      private_temporary};
  for (const Volume& volume : spec.volumes)
    words.insert(words.end(), {"--mount", mount_option(volume)});
  for (const auto& list : {base_environment(spec.user), spec.environment})
    for (const std::string& variable : list) words.insert(words.end(), {"--env", variable});
  words.insert(words.end(), {"--entrypoint", spec.argv.at(0)});
  return words;
}

/// False at the end.
bool append_from(int pipe, std::string& text) {
  char block[4096];
  const ssize_t n = ::read(pipe, block, sizeof block);
  if (n > 0) text.append(block, static_cast<size_t>(n));
  return n > 0;
}

// To the images of a restore, for who has to take it back without its receiver.
Path images_link(const ContainerDirs& dirs) {
  return dirs.work / "restored-from";
}

void link_images(const ContainerDirs& dirs, const Path& images) {
  std::filesystem::remove(images_link(dirs));
  std::filesystem::create_symlink(images, images_link(dirs));
}

Path upper_mount(const ContainerDirs& dirs) {
  return dirs.writable / "upper";
}

// What the app writes lies in the engine's own storage; a session looks for it in its folder.
void mount_upper(const Path& upper, const ContainerDirs& dirs) {
  const Path here = upper_mount(dirs);
  std::filesystem::create_directories(here);
  check("mount", ::mount(upper.c_str(), here.c_str(), nullptr, MS_BIND, nullptr), upper.native());
}

void unmount_upper(const ContainerDirs& dirs) {
  unmount_all(upper_mount(dirs));
}

}  // namespace

std::vector<std::string> CliEngine::words_of(const std::vector<std::string>& arguments) const {
  std::vector<std::string> words = program_;
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

Output CliEngine::run_engine(const std::vector<std::string>& arguments) const {
  return run(words_of(arguments));
}

// CRIU is not below us but below a daemon of the engine's, which gives up once CRIU has ended. Who
// it is tells its log, which it has open as long as it lives, like the processes that it restores,
// up to their last moment in its hands.
Output CliEngine::run_patiently(const std::vector<std::string>& arguments, const Patience& patience,
                                const Path& criu_log) const {
  auto [err, err_end] = make_pipe();
  Child child = spawn(words_of(arguments), {.fds = {{2, err_end.get()}}});
  err_end.reset();
  Undo end_criu([&] {
    end_left_restore(criu_log);
    wait_readable(child.pidfd(), runtime_end_limit);  // else it is killed, like every child
  });
  PatientWait waiting(patience, [&] { return bytes_moved_by(hold_users(criu_log)); });
  Output output;
  const std::array descriptors{err.get(), child.pidfd()};
  while (waiting.for_any(descriptors) == 0 && append_from(err.get(), output.err)) continue;
  waiting.for_any(std::span(descriptors).subspan(1));
  output.status = child.wait();
  end_criu.dismiss();
  return output;
}

std::string CliEngine::run_checked(const std::vector<std::string>& arguments) const {
  Output output = run_engine(arguments);
  if (output.status == 0) return std::move(output.out);
  throw Failure("", program_[0] + " " + arguments.at(0) + ": " + without_newline(output.err));
}

std::string CliEngine::inspect(const std::string& id, const std::string& field) const {
  return without_newline(
      run_checked({"inspect", "--type", "container", "--format", "{{" + field + "}}", id}));
}

std::string CliEngine::id_of(const std::string& name) const {
  return without_newline(run_checked({"ps", "--all", "--quiet", "--no-trunc", "--filter",
                                      "label=" + std::string(session_label) + name}));
}

CliEngine::Answer CliEngine::ask(const std::string& id) const {
  const std::string said = inspect(id, std::string(".State.Pid}} {{") + runtime_field());
  const size_t blank = std::min(said.find(' '), said.size());
  return {.init = std::stoi(said), .runtime = said.substr(std::min(blank + 1, said.size()))};
}

// That there is none is asked for again: it may come.
CliEngine::Known& CliEngine::know(const std::string& name) {
  Known& known = known_[name];
  if (known.id.empty()) known.id = id_of(name);
  return known;
}

std::string CliEngine::required_id(const std::string& name) {
  const std::string& id = know(name).id;
  if (id.empty()) throw Failure("", program_[0] + " has no container of the session " + name);
  return id;
}

bool CliEngine::has_image(const std::string& reference) const {
  return run_engine({"image", "inspect", reference}).status == 0;
}

EngineImage CliEngine::image(const std::string& reference) {
  if (!has_image(reference)) run_checked({"pull", "--quiet", reference});
  const auto field = [&](const char* name) {
    return without_newline(run_checked({"image", "inspect", "--format", name, reference}));
  };
  std::string digest = field("{{.Id}}");
  if (!digest.starts_with("sha256:")) digest.insert(0, "sha256:");  // podman leaves it out
  return {.digest = std::move(digest), .defaults = image_defaults_of(field("{{json .Config}}"))};
}

// Nothing of the image runs for it: it is copied out of a container that is only made.
Accounts CliEngine::accounts(const ContainerSpec& spec) {
  const std::string id =
      without_newline(run_checked({"create", "--network", "none", "--entrypoint", "-", spec.base}));
  const Undo remove([&] { run_engine({"rm", "--force", id}); });
  const auto text = [&](const char* file) {
    const std::string copy = join_command(words_of({"cp", id + ":" + file, "-"}));
    return run({"sh", "-euc", copy + " | tar -xO"}).out;  // an image may have none
  };
  return {.users = text("/etc/passwd"), .groups = text("/etc/group")};
}

// By its name where it has one, so that it has it there, too.
ImageCommands CliEngine::image_commands(const std::string& digest) {
  const std::string tag =
      without_newline(run_engine({"image", "inspect", "--format",
                                  "{{if .RepoTags}}{{index .RepoTags 0}}{{end}}", digest})
                          .out);
  const std::string engine = join_command(program_);
  const std::string inspect = engine + " image inspect";
  const std::string layers = inspect + " --format '{{json .RootFS.Layers}}' ";
  ImageCommands commands{
      .has = inspect + " " + digest,
      .name = tag,
      .find = inspect + " --format '{{.Id}}' " + tag,
      .own_layers = layers + digest,
      .all_layers = engine + " image ls -q --no-trunc | sort -u | xargs -r " + layers};
  add_transport(commands, engine, tag.empty() ? digest : tag);
  return commands;
}

// Docker's `volume create` is content with one that is there, Podman's is not.
Path CliEngine::named_volume(const std::string& name) {
  if (run_engine({"volume", "inspect", name}).status != 0) run_checked({"volume", "create", name});
  return without_newline(run_checked({"volume", "inspect", "--format", "{{.Mountpoint}}", name}));
}

void CliEngine::remove_named_volume(const std::string& name) {
  run_checked({"volume", "rm", name});
}

void CliEngine::prepare(const ContainerSpec& spec, const ContainerDirs& dirs, Purpose purpose) {
  if (spec.base_kind != "image")
    throw Failure("", program_[0] + " runs images, not a root file system of --rootfs",
                  "name an --image, or use --engine runc");
  demand_fitness();
  if (address_moves(spec))
    throw Failure("", program_[0] + " gives its containers addresses itself, not " + spec.network,
                  "name a network of " + program_[0] + "'s, or use --engine runc");
  if (!has_image(spec.base))
    throw Failure("", program_[0] + " has no image " + spec.base, "pull or load it here");
  for (const Path& folder : {dirs.bundle, dirs.display})
    std::filesystem::create_directories(folder);
  remove(spec.name, dirs);
  Undo undo([&] { remove(spec.name, dirs); });
  std::vector<std::string> words = create_arguments(spec, dirs);
  words.insert(words.end(), {"--tmpfs", spec.user.runtime_folder() + std::string(private_runtime) +
                                            owner_option(spec.user)});
  const auto more = create_options();
  words.insert(words.end(), more.begin(), more.end());
  words.push_back(spec.base);
  words.insert(words.end(), spec.argv.begin() + 1, spec.argv.end());
  const std::string id = without_newline(run_checked(words));
  mount_upper(inspect(id, ".GraphDriver.Data.UpperDir"), dirs);
  known_[spec.name] = {.id = id};
  if (purpose == Purpose::restore) make_restorable(id);
  undo.dismiss();
}

// A move asks for the group long before it asks for the runtime, which stands in its downtime.
Cgroup CliEngine::group(const std::string& name) {
  Known& known = known_[name];
  if (known.group && known.group->exists()) return *known.group;
  known = {.id = id_of(name)};  // somebody may have removed it
  if (known.id.empty()) return Cgroup::of(0);
  const Answer answer = ask(known.id);
  known.runtime = answer.runtime;
  if (answer.init > 0) known.group = Cgroup::of(answer.init);
  return Cgroup::of(answer.init);
}

OciEngine::Runtime CliEngine::runtime(const std::string& name, const ContainerDirs& /*dirs*/) {
  const std::string id = required_id(name);
  Known& known = know(name);
  if (known.runtime.empty()) known.runtime = ask(id).runtime;
  return {.command = runtime_command(known.runtime), .id = id};
}

pid_t CliEngine::start(const std::string& name, const ContainerDirs& /*dirs*/,
                       const ContainerOutput& /*output*/) {
  const std::string id = required_id(name);
  run_checked({"start", id});
  const pid_t init = ask(id).init;
  if (init > 0) return init;
  const Output said = run(log_command(name, false));
  throw Failure("", "the app ended at once; it said: " + without_newline(said.err + said.out));
}

pid_t CliEngine::restore(const std::string& name, const ContainerDirs& dirs,
                         const RestoreOptions& options, const ContainerOutput& /*output*/) {
  const std::string id = required_id(name);
  // CRIU looks here for the socket of a lazy restore, and writes its log where we find it.
  CriuConfig config = restore_config(options);
  config.add("work-dir", dirs.work.native());
  config.write(BundlePaths(dirs).criu);
  const Path log = restore_log(dirs);
  link_images(dirs, options.images);
  std::filesystem::remove(log);
  const Output output =
      restore_from(id, options.images, [&](const std::vector<std::string>& arguments) {
        return run_patiently(arguments, options.patience, log);
      });
  if (output.status != 0) fail("cannot restore the app", log, without_newline(output.err));
  const pid_t init = restored_init(id);
  know(name).group = Cgroup::of(init);
  hold_restored(group(name), options.images);
  return init;
}

void CliEngine::remove(const std::string& name, const ContainerDirs& dirs) {
  const bool left_restoring = end_left_restore(restore_log(dirs));
  if (const std::string id = id_of(name); !id.empty()) {
    if (left_restoring) clear_restore(id, images_link(dirs));
    kill(name, std::chrono::milliseconds(0));
    run_checked({"rm", "--force", id});
  }
  known_.erase(name);
  unmount_upper(dirs);
  const BundlePaths paths(dirs);
  for (const Path& file : {paths.criu, paths.log}) std::filesystem::remove(file);
}

std::vector<std::string> CliEngine::log_command(const std::string& name, bool follow) {
  const std::string id = required_id(name);
  return follow ? words_of({"logs", "--follow", id}) : words_of({"logs", id});
}

}  // namespace wayferry
