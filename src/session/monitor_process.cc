// SPDX-License-Identifier: MIT
#include "session/monitor_process.h"

#include <fcntl.h>
#include <unistd.h>

#include "util/error.h"
#include "util/process.h"

namespace wayferry {
namespace {

// Starting takes some 20 ms; this is for a machine that swaps.
constexpr std::chrono::seconds start_limit{10};

UniqueFd open_log(const Path& path) {
  return UniqueFd(check("open",
                        ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600),
                        path.native()));
}

[[noreturn]] void fail_with_log(const std::string& what, const Path& log) {
  std::string words = read_file(log).value_or("");
  constexpr size_t kept = 1000;  // the end is where it says why
  if (words.size() > kept) words = "…" + words.substr(words.size() - kept);
  throw Failure("", what + (words.empty() ? "" : ": " + words));
}

}  // namespace

OutputPipe make_output_pipe() {
  int ends[2];
  check("pipe2", ::pipe2(ends, O_CLOEXEC));
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

StartedMonitor start_monitor(const SessionFolders& folders, const SessionRecord& record,
                             int app_output) {
  const UniqueFd log = open_log(folders.monitor_log());
  // Beside this program, wherever both were installed.
  const Path program =
      std::filesystem::read_symlink("/proc/self/exe").replace_filename("wayferry-monitor");
  Child child = spawn({program.native(), record.spec.name},
                      {.fds = {{1, log.get()}, {2, log.get()}, {monitor_output_fd, app_output}},
                       .new_session = true});
  const auto end = std::chrono::steady_clock::now() + start_limit;
  while (std::chrono::steady_clock::now() < end) {
    if (auto client = MonitorClient::connect(folders.control())) {
      const pid_t pid = child.pid();
      child.disown();
      return {pid, std::move(*client)};
    }
    // Its end is an event, its socket is not (it exists before it listens): so look again at once
    // when it ends, else every millisecond.
    if (wait_readable(child.pidfd(), std::chrono::milliseconds(1)))
      fail_with_log("the session's monitor ended at its start", folders.monitor_log());
  }
  fail_with_log("the session's monitor did not get ready", folders.monitor_log());
}

}  // namespace wayferry
