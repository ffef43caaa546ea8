// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <set>
#include <string>
#include <string_view>

// Connections that end with a restore. CRIU restores a socket whose peer was gone when it was
// dumped, with what was not read yet and then the end; it has no option that makes it treat one
// with a living peer outside so. But its image can say that the peer was gone. The app that was
// dumped knows nothing of it, so that it can go on with its connection if the move fails.

namespace wayferry {

/// CRIU's image of open files, with these unix sockets (by inode) as sockets whose peers had closed
/// them. Throws ProtocolError if it is no such image, or one of them is not in it.
std::string with_closed_sockets(std::string_view image, const std::set<ino_t>& sockets);

}  // namespace wayferry
