// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <memory>

#include "cli/verbs.h"
#include "util/error.h"
#include "util/process.h"

namespace wayferry {
namespace {

struct LogsOptions {
  std::string name;
  bool follow = false;
  bool monitor = false;
};

void copy_rest(int log) {
  std::array<std::byte, 16384> block;
  while (const size_t n = read_full(log, block))
    write_all(STDOUT_FILENO, std::span(block).first(n));
}

/// Copies what is appended until the file is removed, with its session.
void follow(int log, const Path& path) {
  const UniqueFd events(check("inotify_init1", ::inotify_init1(IN_CLOEXEC)));
  check("inotify_add_watch",
        ::inotify_add_watch(events.get(), path.c_str(), IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF),
        path.native());
  while (true) {
    copy_rest(log);
    if (!std::filesystem::exists(path)) return;
    alignas(inotify_event) std::array<char, 4096> buffer;
    check("read", ::read(events.get(), buffer.data(), buffer.size()), "inotify");
  }
}

void show_engine_log(const std::vector<std::string>& command) {
  // Both of the app's outputs, as in a log of ours.
  const int status = spawn(command, {.fds = {{1, STDOUT_FILENO}, {2, STDOUT_FILENO}}}).wait();
  if (status != 0)
    throw Failure("", join_command(command) + " ended with status " + std::to_string(status));
}

void show_log(const LocalHost& host, const LogsOptions& options) {
  const SessionRecord record = host.store.require(options.name);
  const SessionFolders folders = host.store.folders(options.name);
  const Path path = options.monitor ? folders.monitor_log() : folders.app_log();
  if (!options.monitor) {
    const auto engine = host.engine(record.engine);
    const auto command = engine->log_command(options.name, options.follow);
    if (!command.empty()) return show_engine_log(command);
  }
  const UniqueFd log(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!log && errno == ENOENT) return;  // nothing was printed yet
  check("open", log.get(), path.native());
  copy_rest(log.get());
  if (options.follow) follow(log.get(), path);
}

}  // namespace

void add_logs(CLI::App& root, const LocalHost& host) {
  auto* verb = root.add_subcommand("logs", "Print what an app wrote to its output");
  auto options = std::make_shared<LogsOptions>();
  verb->add_option("name", options->name, "The session")->required()->type_name("NAME");
  verb->add_flag("-f,--follow", options->follow, "Go on until the session ends");
  verb->add_flag("--monitor", options->monitor, "The monitor's log instead of the app's");
  verb->callback([&host, options] { show_log(host, *options); });
}

}  // namespace wayferry
