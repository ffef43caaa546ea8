// SPDX-License-Identifier: MIT
#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>
#include <print>
#include <ranges>

#include "cli/verbs.h"
#include "monitor/attach.h"
#include "move/ssh.h"
#include "session/names.h"
#include "util/error.h"
#include "util/scope.h"

namespace wayferry {
namespace {

struct RunOptions {
  std::string name;
  std::string rootfs;
  std::string image;
  std::string display;
  std::string engine;
  std::string working_directory;
  std::string user;
  std::string network = "none";
  bool dbus = false;
  std::vector<std::string> volumes;
  std::vector<std::string> environment;
  std::vector<std::string> argv;
  std::vector<std::string> compat;
};

// "SOURCE:TARGET" or "SOURCE:TARGET:ro", as docker and podman write it.
Volume parse_volume(const std::string& text) {
  std::vector<std::string> parts;
  for (const auto part : std::views::split(text, ':')) parts.emplace_back(part.begin(), part.end());
  const bool read_only = parts.size() == 3 && parts[2] == "ro";
  if ((parts.size() != 2 && !read_only) || parts[0].empty() || !parts[1].starts_with('/'))
    throw Failure("", "'" + text + "' is no volume", "write SOURCE:/INSIDE or SOURCE:/INSIDE:ro");
  Volume volume{.source = parts[0], .target = parts[1], .read_only = read_only};
  if (volume.named()) {
    require_session_name(volume.source);
    return volume;
  }
  if (!std::filesystem::is_directory(volume.source))
    throw Failure("", volume.source + " is no folder of this host", "make it first");
  volume.source = std::filesystem::canonical(volume.source);
  return volume;
}

// A session bus inside the container moves like any other process of the app.
constexpr std::string_view with_bus[] = {"dbus-run-session", "--"};

void set_user(ContainerSpec& spec, Engine& engine, const std::string& user) {
  if (!user.empty()) spec.user = find_user(user, engine.accounts(spec));
}

void set_base(ContainerSpec& spec, Engine& engine, const RunOptions& options) {
  if (!options.rootfs.empty()) {
    spec.base_kind = "rootfs";
    // Absolute, without links: the target looks for the same path.
    spec.base = std::filesystem::canonical(options.rootfs);
    return set_user(spec, engine, options.user);
  }
  spec.base_kind = "image";
  const EngineImage image = engine.image(options.image);
  spec.base = image.digest;
  const ImageDefaults& defaults = image.defaults;
  if (spec.argv.empty()) spec.argv = defaults.argv;
  if (spec.working_directory.empty()) spec.working_directory = defaults.working_directory;
  set_user(spec, engine, options.user.empty() ? defaults.user : options.user);
  // The user's own come last, and so win.
  spec.environment.insert(spec.environment.begin(), defaults.environment.begin(),
                          defaults.environment.end());
}

Offer globals_of(const std::string& host) {
  const Output output = run(ssh_command(host, {"wayferry", "doctor", "--json"}));
  const auto report = nlohmann::json::parse(output.out, nullptr, false);
  Offer globals;
  if (report.is_object()) globals = report.value("globals", globals);
  if (globals.empty())
    throw Failure(host, "it did not say what its compositor offers: " + output.err,
                  "wayferry doctor " + host);
  return globals;
}

// What this compositor and those of all the hosts have, each in the lowest version among them.
Offer common_offer(const std::string& compositor, const std::vector<std::string>& hosts) {
  constexpr std::chrono::seconds limit{5};
  Offer common = offer_of(compositor, limit);
  for (const std::string& host : hosts) {
    const Offer there = globals_of(host);
    std::erase_if(common, [&](const auto& global) { return !there.contains(global.first); });
    for (auto& [interface, version] : common) version = std::min(version, there.at(interface));
  }
  return common;
}

SessionRecord make_record(const LocalHost& host, const RunOptions& options) {
  SessionRecord record;
  record.spec.name = options.name;
  record.spec.argv = options.argv;
  record.spec.environment = options.environment;
  record.spec.working_directory = options.working_directory;
  record.engine = options.engine.empty() ? pick_engine(options.image) : options.engine;
  set_base(record.spec, *host.engine(record.engine), options);
  record.spec.network = options.network;
  for (const std::string& volume : options.volumes)
    record.spec.volumes.push_back(parse_volume(volume));
  if (record.spec.argv.empty()) throw Failure("", "there is no program to run", "name it after --");
  if (options.dbus)
    record.spec.argv.insert(record.spec.argv.begin(), std::begin(with_bus), std::end(with_bus));
  if (record.spec.working_directory.empty()) record.spec.working_directory = "/";
  record.compositor = host.find_compositor(options.display);
  if (!options.compat.empty()) record.spec.offer = common_offer(record.compositor, options.compat);
  record.created = std::time(nullptr);
  return record;
}

// The monitor first: the app's first act is to connect to it.
void start_session(const LocalHost& host, SessionRecord record) {
  const std::string& name = record.spec.name;
  const auto engine = host.engine(record.engine);
  const SessionFolders folders = host.store.folders(name);

  host.store.create(record);
  Undo remove_folders([&] { host.store.remove(name); });
  Undo remove_container([&] { engine->remove(name, folders.container()); });
  engine->prepare(record.spec, folders.container(), Purpose::start);
  OutputPipe output = make_output_pipe();
  StartedMonitor monitor = host.start_monitor(folders, record, output.read.get());
  Undo end_monitor([&] { monitor.client.dismiss(); });
  record.monitor_pid = monitor.pid;
  record.init_pid = engine->start(name, folders.container(),
                                  {.out = output.write.get(), .err = output.write.get()});
  host.store.save(record);
  monitor.client.watch(record.init_pid);

  end_monitor.dismiss();
  remove_container.dismiss();
  remove_folders.dismiss();
}

void run_app(const LocalHost& host, RunOptions options) {
  if (options.rootfs.empty() == options.image.empty())
    throw Failure("", "the app's root file system must be named", "give --rootfs or --image");
  living_sessions(host.store, host.engine);
  const auto taken = [&](const std::string& name) { return host.store.load(name).has_value(); };
  if (options.name.empty())
    options.name = pick_session_name(options.argv.empty() ? "" : options.argv[0], taken);
  const SessionLock lock = host.store.lock(options.name);
  if (taken(options.name))
    throw Failure("", "there is a session '" + options.name + "' already",
                  "choose another --name, or stop it first");
  start_session(host, make_record(host, options));
  std::println("{}", options.name);
}

}  // namespace

void add_run(CLI::App& root, const LocalHost& host) {
  auto* verb = root.add_subcommand("run", "Start an app that can be moved; prints its name");
  auto options = std::make_shared<RunOptions>();
  verb->add_option("--name", options->name, "Name of the session (default: the program's)");
  verb->add_option("--rootfs", options->rootfs, "Folder that is the app's root file system")
      ->type_name("DIR")
      ->check(CLI::ExistingDirectory);
  verb->add_option(
          "--image", options->image,
          "docker-archive, OCI layout or image folder; for docker and podman, an image's name")
      ->type_name("REF");
  verb->add_option("--env", options->environment, "Variable for the app (repeatable)")
      ->type_name("K=V")
      ->allow_extra_args(false);
  verb->add_option("--volume", options->volumes,
                   "Folder or named volume, SOURCE:/INSIDE[:ro] (repeatable)")
      ->type_name("VOLUME")
      ->allow_extra_args(false);
  verb->add_option("--compat", options->compat, "Offer the app only what these hosts have as well")
      ->type_name("HOST[,HOST]")
      ->delimiter(',')
      ->allow_extra_args(false);
  verb->add_option("--network", options->network,
                   "As docker or podman call it; for runc and crun an address that moves along: "
                   "macvlan:DEVICE,ADDRESS/LENGTH[,GATEWAY] or bridge:…")
      ->capture_default_str();
  verb->add_flag("--dbus", options->dbus, "A D-Bus session bus of its own");
  verb->add_option("--display", options->display, "Compositor's socket, path or name");
  verb->add_option("--engine", options->engine,
                   "Container engine (default: the one that has the image, else runc)")
      ->check(CLI::IsMember(engine_names()));
  verb->add_option("--cwd", options->working_directory,
                   "Folder the app starts in (default: the image's, or /)");
  verb->add_option("--user", options->user,
                   "As whom the app runs, names or numbers (default: the image's, or root)")
      ->type_name("USER[:GROUP]");
  verb->add_option("command", options->argv,
                   "Program and its arguments, after -- (default: the image's)")
      ->type_name("CMD");
  verb->callback([&host, options] { run_app(host, *options); });
}

}  // namespace wayferry
