// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "cli/verbs.h"
#include "monitor/monitor.h"
#include "move/abandoned.h"
#include "util/error.h"
#include "util/log.h"

namespace wayferry {
namespace {

// The session's folder tells the rest; see session/monitor_process.h for how this is started.
void monitor(const LocalHost& host, const std::string& name) {
  set_up_log("monitor " + name);
  const SessionRecord record = host.store.require(name);
  const SessionFolders folders = host.store.folders(name);
  // No terminal's signal is for us, no folder is to be kept busy, no helper inherits the output.
  for (const int signal : {SIGHUP, SIGINT}) ::signal(signal, SIG_IGN);
  check("chdir", ::chdir("/"));
  check("fcntl", ::fcntl(monitor_output_fd, F_SETFD, FD_CLOEXEC));

  const UniqueFd app_log(check(
      "open", ::open(folders.app_log().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600),
      folders.app_log().native()));

  const auto remove = [&] { remove_session(host.store, *host.engine(record.engine), name); };
  const auto abandoned = [&] {
    // Removed: nothing is left to serve, and the app is dead.
    if (!settle_abandoned(host, name)) std::quick_exit(exit_ok);
  };
  const int status = run_monitor({.display_socket = folders.display() / display_name,
                                  .control_socket = folders.control(),
                                  .compositor = record.compositor,
                                  .on_app_ended = remove,
                                  .on_abandoned = abandoned,
                                  .app_output = monitor_output_fd,
                                  .app_log = app_log.get()});
  if (status != 0) throw Failure("", "the monitor ended with status " + std::to_string(status));
}

}  // namespace

void add_monitor(CLI::App& root, const LocalHost& host) {
  auto* verb = root.add_subcommand("monitor", "A session's monitor, started by run and receive");
  verb->group("");
  auto name = std::make_shared<std::string>();
  verb->add_option("name", *name, "The session")->required();
  verb->callback([&host, name] { monitor(host, *name); });
}

}  // namespace wayferry
