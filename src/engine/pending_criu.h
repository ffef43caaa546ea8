// SPDX-License-Identifier: MIT
#pragma once

#include <future>
#include <optional>
#include <string>
#include <vector>

#include "engine/patience.h"
#include "util/folder_watch.h"
#include "util/io.h"
#include "util/process.h"
#include "util/process_tree.h"
#include "util/unique_fd.h"

// An OCI runtime's checkpoint or restore command whose CRIU waits before it looks at anything
// (criu/gate.h). A runtime that has done all it had to takes milliseconds more until it is gone,
// with its threads and memory; nobody need wait for that, least of all an app that stands still.
// What is waited for in vain is ended (criu_end.h), and CRIU, which outlives its runtime, with it.

namespace wayferry {

enum class CriuWork { dump, restore };

class PendingCriu {
 public:
  /// Starts it, with what makes CRIU wait at `gate`. `sign`, if it is not empty, is a file that the
  /// command writes last of all if it succeeds; it is removed first.
  PendingCriu(CriuWork work, const std::vector<std::string>& command, SpawnOptions spawning,
              Path gate, Path sign = {});
  PendingCriu(const PendingCriu&) = delete;
  PendingCriu& operator=(const PendingCriu&) = delete;
  /// One that was not let go ends without having done anything. One that has succeeded is waited
  /// for. Any other is ended, with all that it has started.
  ~PendingCriu();

  /// Waits until CRIU waits. False: the command has ended without, because it failed or because its
  /// CRIU takes no library in. Throws Failure if neither comes true for long.
  bool arrived(const Patience& patience = {});
  /// Lets it go.
  void open();
  /// The command's exit status; 0 as soon as its sign is there.
  int wait(PatientWait& patience);
  /// Waits until a CRIU that waited for a dump has ended, which says nothing of its success, or the
  /// command has.
  void wait_for_criu(PatientWait& patience);
  /// What CRIU and all that it has started have read and written.
  uint64_t bytes_moved() const;

 private:
  std::vector<HeldProcess> processes() const;
  void kill_started() const;
  void end();
  void look_no_more();

  CriuWork work_;
  Path path_;
  Path sign_;
  std::optional<FolderWatch> signs_;  // until the sign is there
  std::future<void> unwatched_;
  UniqueFd gate_;
  UniqueFd connection_;  // to a CRIU that has arrived
  std::optional<HeldProcess> criu_;
  Child child_;
  bool over_ = false;    // it has done all it had to, or has ended
  bool waited_ = false;  // child_ has been
};

}  // namespace wayferry
