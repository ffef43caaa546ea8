// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>

#include "session/monitor_process.h"
#include "session/prune.h"
#include "session/store.h"

// What a mover and a receiver need of the machine they run on: where sessions lie and how engines,
// monitors and compositors are reached. The program fills it with the real things (cli/host.cc), a
// test with fakes; nothing in this folder starts one by itself.

namespace wayferry {

struct LocalHost {
  SessionStore store;
  EngineMaker engine;
  std::function<StartedMonitor(const SessionFolders&, const SessionRecord&, int app_output)>
      start_monitor;
  /// As find_compositor in session/compositor.h.
  std::function<std::string(const std::string& wanted)> find_compositor;
};

/// Whose app it is, once that is decided.
enum class Owner { source, target };

/// The name of this machine, for messages.
std::string this_host();

}  // namespace wayferry
