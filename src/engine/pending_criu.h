// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "util/io.h"
#include "util/process.h"
#include "util/unique_fd.h"

// An OCI runtime's checkpoint or restore command whose CRIU waits before it looks at anything
// (criu/gate.h).

namespace wayferry {

class PendingCriu {
 public:
  /// Starts it, with what makes CRIU wait at `gate`.
  PendingCriu(const std::vector<std::string>& command, SpawnOptions spawning, Path gate);
  PendingCriu(const PendingCriu&) = delete;
  PendingCriu& operator=(const PendingCriu&) = delete;
  /// One that was not let go ends without having done anything.
  ~PendingCriu();

  /// Waits until CRIU waits. False: the command has ended without, because it failed or because its
  /// CRIU takes no library in. Throws Failure if neither comes true for long.
  bool arrived();
  /// Lets it go.
  void open();
  /// The command's exit status.
  int wait();

 private:
  Path path_;
  UniqueFd gate_;
  UniqueFd criu_;
  Child child_;
  bool waited_ = false;
};

}  // namespace wayferry
