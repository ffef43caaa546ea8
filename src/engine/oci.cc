// SPDX-License-Identifier: MIT
#include "engine/oci.h"

#include <signal.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "criu/expired_timers.h"
#include "criu/left_out.h"
#include "criu/left_out_list.h"
#include "criu/log.h"
#include "criu/preload.h"
#include "engine/bundle.h"
#include "engine/criu_end.h"
#include "engine/stopped.h"
#include "util/error.h"
#include "util/log.h"
#include "util/process.h"

namespace wayferry {
namespace {

using namespace std::chrono_literals;

// A killed process may have much memory to give back before it is gone.
constexpr auto death_limit = 10s;
constexpr auto death_step = 1ms;

// CRIU's last words in a lazy dump that came to its end, if it could not serve the pages.
constexpr std::string_view lazy_dump_complete = "Lazy pages transfer FAILED";
constexpr std::string_view no_address = "none";
constexpr const char* dump_log = "dump.log";

bool is_complete_lazy_dump(const Path& log) {
  return read_file(log).value_or("").find(lazy_dump_complete) != std::string::npos;
}

TcpConnections connections(bool keep) {
  return keep ? TcpConnections::keep : TcpConnections::close;
}

CriuConfig dump_config(const CheckpointOptions& options) {
  CriuConfig config = common_criu_config(connections(options.keep_tcp));
  // The groups are the engine's affair on both hosts. CRIU's own treatment costs 10 to 40 ms.
  config.add("manage-cgroups=ignore");
  // Files that were deleted while open travel in the images; the default limit is 1 MB.
  config.add("ghost-limit", "512M");
  config.add("timeout", "5");  // seconds to catch all processes, which stand still already
  if (options.lazy) {
    // CRIU leaves the pages out and wants to serve them itself then. At this address it cannot, so
    // it ends and puts the processes back, whole and frozen: we read them from there.
    config.add("lazy-pages");
    config.add("address", no_address);
  }
  for (const ino_t socket : options.outer_sockets)
    config.add("external", "unix[" + std::to_string(socket) + "]");
  return config;
}

// Where the library in CRIU finds what it must not show, and what it shows instead.
Path left_out_folder(const ContainerDirs& dirs) {
  return dirs.work / "left-out";
}

// What CRIU reads in its environment it reads at once, before it waits.
SpawnOptions make_dump_environment(const ContainerDirs& dirs, const std::string& libraries,
                                   const CheckpointOptions& options, CriuOptions way) {
  const BundlePaths paths(dirs);
  SpawnOptions spawning;
  const auto add = [&spawning](const char* name, const std::string& value) {
    spawning.environment.push_back(name + ("=" + value));
  };
  add("LD_PRELOAD", libraries);
  if (options.lazy) add(left_out_variable, left_out_folder(dirs).native());
  if (options.keep_tcp && way == CriuOptions::annotation) {
    CriuConfig().leave_network_open().write(paths.criu_environment);
    add("CRIU_CONFIG_FILE", paths.criu_environment.native());
  }
  return spawning;
}

// The environment's part goes to the same file where there is one file only.
void write_dump_config(const BundlePaths& paths, const CheckpointOptions& options,
                       CriuOptions way) {
  CriuConfig config = dump_config(options);
  if (options.keep_tcp && way == CriuOptions::environment) config.leave_network_open();
  config.write(paths.criu);
}

// Until the machine is booted anew, like CRIU's own knowledge of the kernel.
constexpr const char* kept_program = "/run/wayferry/.mapping-flags";

std::unique_ptr<ShortSmaps> short_smaps_of_this_kernel() {
  try {
    return std::make_unique<ShortSmaps>(kept_program);
  } catch (const SystemError& error) {
    spdlog::debug("the app will stand still for longer, 15 ms a GB: {}", error.what());
    return nullptr;
  }
}

// The engine logs one JSON object a line.
std::string engine_errors(const Path& log) {
  std::string errors;
  std::string_view rest;
  const auto text = read_file(log);
  if (text) rest = *text;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    const auto line = nlohmann::json::parse(rest.substr(0, end), nullptr, false);
    if (line.is_object() && line.value("level", "") == "error")
      errors += (errors.empty() ? "" : "; ") + line.value("msg", "");
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return errors;
}

void signal_all(const std::vector<pid_t>& processes, int signal) {
  for (const pid_t process : processes) ::kill(process, signal);  // one that is gone is no error
}

/// Whether a process has a handler for the signal (SigCgt in proc(5)).
bool handles(pid_t process, int signal) {
  const auto status = read_file("/proc/" + std::to_string(process) + "/status");
  const size_t caught = status ? status->find("\nSigCgt:\t") : std::string::npos;
  if (caught == std::string::npos) return false;  // it has ended
  constexpr size_t label = 9;
  return std::stoull(status->substr(caught + label), nullptr, 16) >> (signal - 1) & 1;
}

/// Whether all ends within `limit`, as long as `worth_it` says so of what is left.
bool wait_for_end(const Cgroup& group, std::chrono::milliseconds limit,
                  const std::function<bool(const std::vector<pid_t>&)>& worth_it) {
  const auto end = std::chrono::steady_clock::now() + limit;
  for (auto left = group.processes(); !left.empty(); left = group.processes()) {
    if (std::chrono::steady_clock::now() >= end || !worth_it(left)) return false;
    std::this_thread::sleep_for(death_step);
  }
  return true;
}

}  // namespace

void OciEngine::fail(const std::string& what, const Path& criu_log, const std::string& engine) {
  const std::string criu = quote_criu_errors(criu_log);
  throw Failure("", what + (criu.empty() ? ": " + engine : ": CRIU says: " + criu));
}

CriuConfig OciEngine::restore_config(const RestoreOptions& options) {
  CriuConfig config = common_criu_config(connections(options.keep_tcp));
  config.add("manage-cgroups=ignore");
  config.add("ext-unix-sk");
  config.add("leave-stopped");
  if (options.lazy) config.add("lazy-pages");
  return config;
}

SpawnOptions OciEngine::with_output(const ContainerOutput& output) {
  SpawnOptions options;
  if (output.out >= 0) options.fds.emplace_back(1, output.out);
  if (output.err >= 0) options.fds.emplace_back(2, output.err);
  return options;
}

namespace {

/// A command of a runtime that leaves its errors where runtime_error() looks for them.
std::vector<std::string> runtime_words(const ContainerDirs& dirs,
                                       const std::vector<std::string>& command,
                                       const std::vector<std::string>& arguments) {
  const Path log = BundlePaths(dirs).log;
  std::filesystem::remove(log);
  std::vector<std::string> words = command;
  words.insert(words.end(), {"--log", log.native(), "--log-format", "json"});
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

std::optional<std::string> runtime_error(const ContainerDirs& dirs,
                                         const std::vector<std::string>& command, int status) {
  if (status == 0) return std::nullopt;
  const std::string errors = engine_errors(BundlePaths(dirs).log);
  return errors.empty() ? join_command(command) + " ended with status " + std::to_string(status)
                        : errors;
}

}  // namespace

std::optional<std::string> OciEngine::run_runtime(const ContainerDirs& dirs,
                                                  const std::vector<std::string>& command,
                                                  const std::vector<std::string>& arguments,
                                                  const SpawnOptions& spawning) {
  const int status = spawn(runtime_words(dirs, command, arguments), spawning).wait();
  return runtime_error(dirs, command, status);
}

std::unique_ptr<PendingCriu> OciEngine::start_runtime(const ContainerDirs& dirs,
                                                      const std::vector<std::string>& command,
                                                      const std::vector<std::string>& arguments,
                                                      SpawnOptions spawning, CriuWork work,
                                                      const Path& sign) {
  return std::make_unique<PendingCriu>(work, runtime_words(dirs, command, arguments),
                                       std::move(spawning), dirs.work / "gate", sign);
}

std::optional<std::string> OciEngine::finish_runtime(const ContainerDirs& dirs,
                                                     const std::vector<std::string>& command,
                                                     PendingCriu& pending,
                                                     const Patience& patience) {
  if (pending.arrived(patience)) pending.open();
  PatientWait waiting(patience, [&pending] { return pending.bytes_moved(); });
  return runtime_error(dirs, command, pending.wait(waiting));
}

Path OciEngine::restore_log(const ContainerDirs& dirs) {
  return dirs.work / "restore.log";
}

std::vector<pid_t> OciEngine::processes(const std::string& name) {
  return group(name).processes();
}

void OciEngine::pause(const std::string& name) {
  group(name).freeze_outside_vfork();
}

void OciEngine::resume(const std::string& name) {
  end_left_dump(group(name));
  group(name).thaw();
}

std::unique_ptr<PendingCriu> OciEngine::start_dump(const std::string& name,
                                                   const ContainerDirs& dirs,
                                                   const CheckpointOptions& options) {
  const Runtime below = runtime(name, dirs);
  // Of the stay before: its last words are not this one's.
  std::filesystem::remove(dirs.work / dump_log);
  std::vector<std::string> arguments = {"checkpoint",   "--leave-running",
                                        "--image-path", options.images.native(),
                                        "--work-path",  dirs.work.native()};
  arguments.insert(arguments.end(), below.checkpoint_options.begin(),
                   below.checkpoint_options.end());
  if (options.keep_tcp) arguments.emplace_back("--tcp-established");
  arguments.push_back(below.id);
  return start_runtime(dirs, below.command, arguments,
                       make_dump_environment(dirs, dump_preload(processes(name), options.lazy),
                                             options, below.criu_options),
                       CriuWork::dump);
}

void OciEngine::warm_up_checkpoint(const std::string& name, const ContainerDirs& dirs,
                                   const CheckpointOptions& options) {
  if (options.lazy) short_smaps_ = std::async(std::launch::async, short_smaps_of_this_kernel);
  // The sockets are not known yet, and with these options they are read at once.
  if (runtime(name, dirs).criu_options == CriuOptions::environment) return;
  pending_dump_.reset();  // one that was to dump in another way
  pending_dump_ = start_dump(name, dirs, options);
  descriptors_ = options.images / descriptors_file;
}

std::string OciEngine::await_warm_up(const Patience& patience) {
  if (short_smaps_.valid()) short_smaps_.wait();
  if (!pending_dump_ || !pending_dump_->arrived(patience))
    return {};  // looked at when it is needed
  return read_file(descriptors_).value_or("");
}

std::optional<std::string> OciEngine::dump(const std::string& name, const ContainerDirs& dirs,
                                           const CheckpointOptions& options) {
  auto pending = std::move(pending_dump_);
  if (pending && !pending->arrived()) {
    // It has dumped, or tried to, what it should have waited for: once more, now that it may.
    pending.reset();
    for (const auto& image : std::filesystem::directory_iterator(options.images))
      std::filesystem::remove_all(image);
  }
  if (!pending) pending = start_dump(name, dirs, options);
  if (pending->arrived(options.patience)) pending->open();
  PatientWait patience(options.patience, [&options] { return bytes_in(options.images); });
  if (options.lazy) pending->wait_for_criu(patience);
  if (options.lazy && is_complete_lazy_dump(dirs.work / dump_log)) {
    ending_dump_ = std::move(pending);
    return std::nullopt;
  }
  return runtime_error(dirs, runtime(name, dirs).command, pending->wait(patience));
}

// CRIU thaws the group to seize its processes and freezes it again at the end, of a failure too;
// but a CRIU that crashed or was killed does not. Only in a frozen group are lifted stops given
// back.
std::optional<std::string> OciEngine::dump_and_freeze(const std::string& name,
                                                      const ContainerDirs& dirs,
                                                      const CheckpointOptions& options) {
  const Cgroup container = group(name);
  try {
    auto error = dump(name, dirs, options);
    container.freeze();
    return error;
  } catch (...) {
    container.freeze();
    throw;
  }
}

void OciEngine::checkpoint(const std::string& name, const ContainerDirs& dirs,
                           const CheckpointOptions& options) {
  const Cgroup container = group(name);
  CHECK(container.frozen());
  const LiftedStops lifted(container);
  std::optional<LeftOut> left_out;
  const auto smaps = short_smaps_.valid() ? short_smaps_.get() : nullptr;
  if (options.lazy)
    left_out.emplace(by_inner_pid(container.processes()), left_out_folder(dirs), smaps.get(),
                     options.pages_seen);
  write_dump_config(BundlePaths(dirs), options, runtime(name, dirs).criu_options);
  const auto error = dump_and_freeze(name, dirs, options);
  if (error) fail("cannot checkpoint the app", dirs.work / dump_log, *error);
  if (left_out) left_out->enter(options.images);
  let_timers_run(options.images);
  lifted.write(options.images);
}

void OciEngine::hold_restored(const Cgroup& group, const Path& images) {
  // All are stopped as by SIGSTOP. Once they are frozen too, SIGCONT starts nobody: it only takes
  // the stop away, from everybody before anybody runs, so that no shell sees a stopped child.
  group.freeze();
  const auto stopped = stopped_in_checkpoint(images);
  for (const pid_t process : group.processes())
    if (const auto inner = inner_pid(process); inner && !stopped.contains(*inner))
      ::kill(process, SIGCONT);
}

void OciEngine::release(const std::string& name) {
  group(name).thaw();
}

void OciEngine::kill(const std::string& name, std::chrono::milliseconds grace) {
  const Cgroup container = group(name);
  if (grace > 0ms) {
    signal_all(container.processes(), SIGTERM);
    container.thaw();
    // The first process is spared a signal that it does not handle; as any other it would have
    // ended by it. So once nobody handles it there is nothing to wait for.
    const auto somebody_handles_it = [](const std::vector<pid_t>& left) {
      return std::ranges::any_of(left, [](pid_t process) { return handles(process, SIGTERM); });
    };
    if (wait_for_end(container, grace, somebody_handles_it)) return;
  }
  // A frozen process that finds SIGKILL when it is thawed ends without another instruction.
  signal_all(container.processes(), SIGKILL);
  container.thaw();
  const auto always = [](const auto&) { return true; };
  if (!wait_for_end(container, death_limit, always))
    throw Failure("", "the app " + name + " does not end");
}

}  // namespace wayferry
