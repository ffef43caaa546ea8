// SPDX-License-Identifier: MIT
#pragma once

#include "move/fault.h"
#include "move/host.h"
#include "move/link.h"

// A file as the target of a move: it takes in what a receiver would, and instead of restoring the
// app it writes the file. So freezing is a move, with the mover's checks, undos and commit: until
// the file is whole and on the disk, the app can go on where it is, and whatever goes wrong, it
// does. The file bears its name only from the commit on; before, it is NAME.part.

namespace wayferry {

struct IntoFile {
  Path file;                ///< must not exist
  bool with_image = false;  ///< the container's image comes along
  bool oci = false;         ///< as an OCI archive
  std::string program_version;
};

/// Serves one freeze to its end, as receive_session() a move.
bool receive_into_file(const LocalHost& here, Link& link, const IntoFile& options,
                       const Fault& fault);

}  // namespace wayferry
