// SPDX-License-Identifier: MIT
#pragma once

#include "util/io.h"
#include "util/unique_fd.h"

namespace wayferry {

/// Listens at `path` on the host, bound under the name by which the container sees it (monitor.h):
/// CRIU reconnects a restored app to the name that a socket was bound to. The binding is done by a
/// child in a mount namespace of its own, where the folder lies at the container's place.
UniqueFd listen_for_app(const Path& path);

}  // namespace wayferry
