// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "move/archive.h"
#include "util/io.h"

// Unpacks a tar stream from another host below a folder, over what is there. The stream is not
// trusted: absolute paths, "..", paths through symbolic links and devices other than whiteouts are
// ProtocolErrors; only the folder's inside is ever touched.

namespace wayferry {

void unpack_tar(const Path& root, const PieceSource& next);

/// Removes what is at `relative` (of which the same is demanded), with all below it.
void remove_below(const Path& root, const std::string& relative);

}  // namespace wayferry
