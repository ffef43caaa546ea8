// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "move/archive.h"
#include "move/file_contents.h"
#include "util/io.h"

// Writes files of one folder as a tar stream (pax: nanosecond times, xattrs, ACLs, sparse files,
// hard links), handing it on in pieces as it is made. Knows what an overlay's upper layer holds:
// whiteouts (character device 0/0) pass, and so do the overlay's own xattrs, except those that
// point into this host's lower layer and would mislead another's. Sockets are left out: CRIU makes
// them again. A file that vanishes or changes while it is read is no error: the app runs, and
// the files are compared once more when it stands still.

namespace wayferry {

class TarWriter {
 public:
  TarWriter(Path root, PieceSink sink);
  ~TarWriter();

  /// `relative`: a path below the root, "." for the root itself. A folder without its contents.
  /// Returns the digest of what was written of a regular file; nothing for a further name of one.
  std::optional<ContentsDigest> add(const std::string& relative);
  /// Writes the end of the stream.
  void finish();
  uint64_t bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace wayferry
