// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "move/host.h"
#include "move/interrupt.h"
#include "move/link.h"
#include "move/report.h"
#include "util/io.h"

// A file as the source of a move: it says to a receiver what a mover would, so that thawing is a
// move, with the receiver's checks and undos. The file stays as it is, whatever happens.

namespace wayferry {

struct FromFile {
  Path file;
  std::string display;  ///< the compositor wanted; "": the only one
};

/// Thaws a file by a receiver on this host. Throws Failure, or ProtocolError for a damaged file,
/// with nothing of the app running.
MoveReport send_from_file(const LocalHost& here, const FromFile& options, Link& link,
                          const Interrupt* interrupt = nullptr);

}  // namespace wayferry
