// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "util/io.h"

// The container's network namespace: made by us beforehand, with nothing but a loopback device that
// is up, and kept by a mount on a file. CRIU is started inside it, finds the app in the same network
// as itself, and so has nothing to dump, lock or restore there: that saves it two walks over the
// kernel's table of connections, ip, iptables-save and iptables-restore, 30 to 100 ms of a dump.

namespace wayferry {

/// Makes the namespace and mounts it on `file`, which is created.
void make_network(const Path& file);

/// Takes it away again, also when there is none.
void remove_network(const Path& file);

/// The command, to run inside it.
std::vector<std::string> inside_network(const Path& file, const std::vector<std::string>& command);

}  // namespace wayferry
