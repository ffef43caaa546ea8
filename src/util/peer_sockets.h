// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "util/unique_fd.h"

// Sockets of other programs' processes, fetched out of them (pidfd_getfd(2)): the same open files,
// not copies of their state. It takes what ptrace(2) takes, which root has.

namespace wayferry {

/// Descriptor `number` of a process; none if it has none, or it may not be fetched.
UniqueFd fetch_descriptor(const UniqueFd& pidfd, int number);

struct FetchedSocket {
  UniqueFd socket;
  ino_t inode = 0;
  int number = 0;  ///< there
};

/// All of a process that are connected to a unix socket which was bound to `name`. Throws
/// filesystem_error where nobody may look.
std::vector<FetchedSocket> fetch_sockets_to(pid_t process, const UniqueFd& pidfd,
                                            const std::string& name);

/// Makes the process send small packets at once from now on (TCP_NODELAY in tcp(7)) on all TCP
/// connections that it has made so far. False if there is none, or it cannot be had.
bool stop_delays_of(pid_t process, const UniqueFd& pidfd);

/// Lets the kernel and the network send what these carry before all else from now on: "minimise
/// delay", 16, as the type of service (IP_TOS in ip(7)). False as above.
bool put_first(pid_t process, const UniqueFd& pidfd);

/// Lets the process at the other end of this socket, which is bound to a name, write so many bytes
/// before it has to wait: how many those are is a property of its own end. False if that cannot be
/// had.
bool make_room_at_peer(int socket, size_t bytes);

}  // namespace wayferry
