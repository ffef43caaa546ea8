// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>

#include "monitor/relay.h"
#include "util/io.h"

// The monitor process of one session: serves the app's display connections, relays them to the
// compositor, records them, and does what its control socket asks (control.proto). Everything runs
// in one thread on one event loop. It knows no engine and no hosts: what has to happen to the
// container is said by its two callbacks.

namespace wayferry {

/// The display socket as the app sees it. CRIU reconnects a restored app to the very path that the
/// monitor's socket was bound to at the time of the dump, looked up inside the container: so the
/// monitor binds its socket under this name, wherever the folder lies on the host.
constexpr const char* display_dir_in_container = "/run/wayferry";
constexpr const char* display_name = "wayland-0";

struct MonitorOptions {
  Path display_socket;  ///< where the app's connections arrive, as the host sees it
  Path control_socket;
  std::string compositor;  ///< path of the compositor's socket
  Offer offer;             ///< what the app is offered at most
  /// The container's first process ended (after watch or go). The monitor ends afterwards.
  std::function<void()> on_app_ended;
  /// A mover was lost while it held the barrier: let the container go on.
  std::function<void()> on_abandoned;
  int app_output = -1;  ///< read end of a pipe with the app's words
  int app_log = -1;     ///< where they are written
};

/// Runs until the app has ended or was dismissed. Returns the process's exit code.
int run_monitor(const MonitorOptions& options);

}  // namespace wayferry
