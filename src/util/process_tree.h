// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <optional>
#include <vector>

#include "util/io.h"
#include "util/unique_fd.h"

// Other programs' processes, held by descriptors (pidfd) that never come to mean another process,
// as a pid may once its process has ended.

namespace wayferry {

struct HeldProcess {
  pid_t pid;
  UniqueFd pidfd;  ///< readable once it has ended

  /// One that has ended is no error.
  void signal(int signal) const;
};

/// The process at the other end of a connected unix socket, as long as it keeps it.
std::optional<HeldProcess> hold_peer(int socket);
/// Who traces this process (ptrace(2)).
std::optional<HeldProcess> hold_tracer(pid_t process);
std::optional<HeldProcess> hold_parent(pid_t process);
/// All below a process that is not waited for meanwhile; each before those below it.
std::vector<HeldProcess> hold_descendants(pid_t process);
/// All that have this file open, in whatever mount namespace.
std::vector<HeldProcess> hold_users(const Path& file);

}  // namespace wayferry
