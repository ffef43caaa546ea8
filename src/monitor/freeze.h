// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "model/save.h"
#include "monitor/relay.h"

// From running relays to a state file and back. The processes are frozen (source) or restored and
// stopped (target) when these are called, so what is read from their sockets holds still.
//
// Which of the app's sockets belongs to which relay, and what the app has not read yet, is found by
// one means, without netlink and network namespaces: the app's own socket is fetched with
// pidfd_getfd(2), what is unread is read out of it, and a tag sent through the pair says who is at
// its other end.

namespace wayferry {

struct SealedState {
  std::string state;  ///< model/state.proto
  std::vector<ino_t> socket_inodes;
};

/// Reads the app's sockets dry in both directions and writes the state of all relays. Events that
/// the app had not read go back to the head of each relay's queue: a relay that is released again
/// loses nothing. Throws SystemError.
SealedState seal(const std::vector<Relay*>& relays, const std::vector<pid_t>& pids);

/// Makes the relays of a state again. `sockets` are the accepted connections of the restored app in
/// any order; each is found in the processes by process and descriptor number. The relays are held.
/// Throws ProtocolError for a state that does not fit the processes.
std::vector<std::unique_ptr<Relay>> unseal(const std::string& state, const std::vector<pid_t>& pids,
                                           std::vector<UniqueFd> sockets);

}  // namespace wayferry
