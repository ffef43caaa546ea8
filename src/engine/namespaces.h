// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "util/io.h"

// Two of the container's namespaces are made by us beforehand and kept by mounts on files:
//
// - the network, with nothing but a loopback device that is up. CRIU is started inside it, finds
// the
//   app in the same network as itself, and so has nothing to dump, lock or restore there: that
//   saves it two walks over the kernel's table of connections, ip, iptables-save and
//   iptables-restore, 30 to 100 ms of a dump;
// - the cgroup namespace, rooted at the container's group. CRIU restores one only if it may deal
// with
//   the groups themselves, which the engine does already, and which costs 10 to 40 ms.

namespace wayferry {

struct NamespaceFiles {
  Path network;
  Path cgroup;
};

/// Makes both and mounts them on the files, which are created. The group is made too if it is not
/// there; whoever deletes the container deletes it.
void make_namespaces(const NamespaceFiles& files, const std::string& container);

/// Takes both away again, also when there are none.
void remove_namespaces(const NamespaceFiles& files);

/// The words before a command that run it inside the network, or inside both.
std::vector<std::string> inside_network(const NamespaceFiles& files);
std::vector<std::string> inside_both(const NamespaceFiles& files);

}  // namespace wayferry
