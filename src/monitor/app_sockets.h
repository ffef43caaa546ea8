// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "util/unique_fd.h"

// The app's ends of its display connections, fetched out of its stopped processes.

namespace wayferry {

struct AppSocket {
  UniqueFd socket;  ///< the app's own open file, not a copy of its state
  ino_t inode = 0;
  uint32_t pid = 0;     ///< in the container's PID namespace
  uint32_t number = 0;  ///< descriptor number there
  std::string unread;   ///< taken out of its receive queue
  std::deque<UniqueFd> unread_fds;
};

/// Every distinct connected socket whose other end was bound to `name`.
std::vector<AppSocket> find_app_sockets(const std::vector<pid_t>& pids, const std::string& name);

/// The descriptor `number` of the process that the container numbers `pid`.
UniqueFd fetch_socket(const std::vector<pid_t>& pids, uint32_t pid, uint32_t number);

/// Moves everything readable into `unread` and `unread_fds`.
void drain(AppSocket& socket);

/// Eight bytes that no Wayland message can begin with (object 0): who is at the other end.
void send_tag(int socket, uint32_t tag);
/// Reads a tag that has been sent; nothing if something else, or nothing, is there.
std::optional<uint32_t> receive_tag(int socket);

}  // namespace wayferry
