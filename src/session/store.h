// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "session/record.h"
#include "util/io.h"
#include "util/unique_fd.h"

// The sessions of this host as folders: a runtime part that dies with the machine, like the app
// itself (sockets, record, logs, images under way), and a part on disk (what the app wrote; it can
// be large). There is no daemon and no index: a session exists when its record does. Whoever
// changes a session for longer than a moment (run, move, receive, stop) holds its lock, so two
// movers never meet. The store knows nothing of engines; see prune.h for clearing up.

namespace wayferry {

struct Roots {
  Path runtime = "/run/wayferry";
  Path disk = "/var/lib/wayferry";

  /// The above, or WAYFERRY_RUNTIME_DIR and WAYFERRY_STATE_DIR.
  static Roots from_environment();
};

/// Where a session's files lie. Only names; nothing need exist.
struct SessionFolders {
  Path runtime;
  Path disk;

  Path record() const { return runtime / "session.json"; }
  Path control() const { return runtime / "control"; }
  Path display() const { return runtime / "display"; }
  Path monitor_log() const { return runtime / "monitor.log"; }
  Path app_log() const { return runtime / "app.log"; }
  /// How far the memory of a lazy move has come, while it follows (move/drain_progress.h).
  Path drain() const { return runtime / "drain.json"; }
  /// What the app asked for first after its last move (pages/hot_pages.h).
  Path hot_pages() const { return runtime / "hot-pages"; }
  Path criu_work() const { return runtime / "criu"; }
  ContainerDirs container() const {
    return {.bundle = disk / "bundle",
            .writable = disk / "writable",
            .work = criu_work(),
            .display = display()};
  }
};

/// Held for as long as the object lives; freed by the kernel if the process dies.
class SessionLock {
 public:
  explicit SessionLock(UniqueFd file) : file_(std::move(file)) {}

 private:
  UniqueFd file_;
};

class SessionStore {
 public:
  explicit SessionStore(Roots roots) : roots_(std::move(roots)) {}

  const Roots& roots() const { return roots_; }
  SessionFolders folders(const std::string& name) const;

  /// Nothing if another process holds it.
  std::optional<SessionLock> try_lock(const std::string& name) const;
  /// The lock as soon as it is free; nothing if it is not within `limit`.
  std::optional<SessionLock> lock_within(const std::string& name,
                                         std::chrono::milliseconds limit) const;
  /// Longer than it is held by a command that only looks (`inspect` waits for the monitor's
  /// answer), and by a move that has only its last word to say (echo_limit in move/page_place.h).
  static constexpr std::chrono::seconds looking_limit{5};
  /// The lock within looking_limit; a Failure if another process holds it for longer.
  SessionLock lock(const std::string& name) const;

  /// Makes the folders and the record. The caller holds the lock and has seen the name is free.
  void create(const SessionRecord& record) const;
  void save(const SessionRecord& record) const;
  std::optional<SessionRecord> load(const std::string& name) const;
  /// A Failure with what to do if there is no such session.
  SessionRecord require(const std::string& name) const;
  std::vector<std::string> names() const;
  /// Leaves word for the user of a session that is about to end without their doing: whoever asks
  /// for it by its name is told, until another one of that name is made.
  void leave_notice(const std::string& name, const std::string& text) const;
  /// Keeps a log of a session that is about to go; where it lies then, or nothing if there is none.
  /// One a session and kind, so they cannot fill the file system.
  std::optional<Path> keep_log(const std::string& name, const Path& log) const;
  /// Removes the folders; the engine must have given its mounts back.
  void remove(const std::string& name) const;

 private:
  Path notice(const std::string& name) const { return roots_.runtime / ".ended" / name; }

  Roots roots_;
};

}  // namespace wayferry
