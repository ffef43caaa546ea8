// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

// Connections of an app to processes outside its container, other than its windows': a sound
// server, a session bus, whatever a volume's socket led to. None of them could follow, and CRIU
// would refuse the dump while the app stands still; so they are found, and named, before.

namespace wayferry {

struct ForeignSocket {
  ino_t inode = 0;         ///< of the app's end
  std::string peer;        ///< the name the other end was bound to; empty if it had none
  std::string owner = {};  ///< the process, in words
};

/// In words, for the user.
std::string to_text(const ForeignSocket& socket);

/// From what `ss -Hxa` prints in the app's network namespace: connections of the app's sockets to
/// sockets that are not the app's.
std::vector<ForeignSocket> foreign_sockets(std::string_view ss_output, const std::set<ino_t>& own);

/// (source) Those of an app, with their owners. Of one that runs, a connection that it makes at
/// this moment may be among them though it leads nowhere.
std::vector<ForeignSocket> foreign_sockets_of(const std::vector<pid_t>& processes);

/// (source) Throws Failure that names each such connection with its process.
void require_no_foreign_sockets(const std::vector<pid_t>& processes);

/// How many TCP connections a move will close: those established in the app's network namespace.
size_t established_connections(pid_t process);

}  // namespace wayferry
