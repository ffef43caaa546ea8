// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "session/monitor_client.h"
#include "session/store.h"
#include "util/unique_fd.h"

// Starts a session's monitor: `wayferry-monitor NAME`, in a session of its own with its words in
// monitor.log, so that it outlives the command (and the ssh connection) that started it. A program
// of its own, not a bare fork: its memory is then what a monitor needs and not a copy of a mover's.

namespace wayferry {

/// The app's standard output and error are one pipe: the monitor keeps the read end and writes what
/// comes to app.log; the write end goes to the container.
struct OutputPipe {
  UniqueFd read;
  UniqueFd write;
};
OutputPipe make_output_pipe();

struct StartedMonitor {
  pid_t pid = 0;
  MonitorClient client;
};

/// Returns when the monitor answers on its control socket. Throws Failure with the end of its log
/// if it ends before, or takes too long. The monitor reads everything else from `record`'s file.
StartedMonitor start_monitor(const SessionFolders& folders, const SessionRecord& record,
                             int app_output);

/// The descriptor on which `wayferry-monitor` finds the read end of the app's output.
constexpr int monitor_output_fd = 3;

}  // namespace wayferry
