// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "fake/temporary_folder.h"
#include "move/host.h"

// Hosts without containers and compositors, for tests of moves: an engine that only remembers what
// state its app is in, and a monitor that answers every request with yes. All hosts of one World
// share the one rule that matters: never two running copies.

namespace wayferry::fake {

enum class AppState { none, prepared, running, frozen, restored };

/// Where each host's copy stands; notices when two run at once.
class World {
 public:
  void set(const std::string& host, AppState state);
  AppState get(const std::string& host) const;
  int running() const;
  bool two_ran_at_once() const { return two_ran_; }

 private:
  mutable std::mutex mutex_;
  std::vector<std::pair<std::string, AppState>> apps_;
  bool two_ran_ = false;
};

/// Answers a session's control socket in a thread of its own.
class Monitor;

class Host {
 public:
  Host(World& world, std::string name, const Path& folder);
  ~Host();

  const LocalHost& local() const { return local_; }
  const Path& base() const { return base_; }
  /// A running session with one written file.
  void run(const std::string& session);
  bool has(const std::string& session) const { return local_.store.load(session).has_value(); }

 private:
  StartedMonitor start_monitor(const SessionFolders& folders);

  World& world_;
  std::string name_;
  Path base_;
  LocalHost local_;
  std::vector<std::unique_ptr<Monitor>> monitors_;
};

}  // namespace wayferry::fake
