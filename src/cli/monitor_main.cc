// SPDX-License-Identifier: MIT
//
// wayferry-monitor NAME: a session's monitor, started by run and receive. A program of its own
// because one lives beside every app for as long as the app does: without what only a mover needs
// it is 1 MB smaller.

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "cli/exit.h"
#include "cli/host.h"
#include "monitor/monitor.h"
#include "move/abandoned.h"
#include "util/descriptor_limit.h"
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
                                  .offer = record.spec.offer,
                                  .on_app_ended = remove,
                                  .on_abandoned = abandoned,
                                  .app_output = monitor_output_fd,
                                  .app_log = app_log.get()});
  if (status != 0) throw Failure("", "the monitor ended with status " + std::to_string(status));
}

}  // namespace
}  // namespace wayferry

int main(int argc, char** argv) {
  using namespace wayferry;
  if (argc != 2) {
    std::fputs("usage: wayferry-monitor NAME (wayferry run starts it)\n", stderr);
    return exit_usage;
  }
  // A peer that is gone is an error of the write, not the end of us.
  ::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  try {
    monitor(real_host(), argv[1]);
    return exit_ok;
  } catch (const std::exception& error) {
    // Not println: it throws where standard error is closed.
    std::fprintf(stderr, "wayferry-monitor: %s\n", error.what());
    return exit_failure;
  }
}
