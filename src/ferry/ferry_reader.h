// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "ferry/digest.h"
#include "ferry/manifest.h"
#include "move/archive.h"
#include "util/io.h"

// Reads a ferry file, or the OCI archive that carries one, from front to back. Nothing in it is
// trusted: every entry is summed up as it is read, and the last one must name all of them with
// these sums. Whoever acts on what it read waits for the end (next() said nothing) before it cannot
// be taken back.

namespace wayferry {

/// Whether a file begins as a ferry file or an OCI archive does; false if it cannot be read.
bool is_ferry_file(const Path& file);

class FerryReader {
 public:
  /// Reads the manifest. Throws Failure for a file that is none of ours or of another format.
  explicit FerryReader(Path file);

  const Manifest& manifest() const { return manifest_; }

  /// The next entry's name. Nothing once all have been read and were right. Throws ProtocolError,
  /// which names the entry.
  std::optional<std::string> next();
  /// The next piece of the entry, as long as a message of a move may carry; empty at its end.
  std::string piece();

 private:
  std::string read_all();
  void check_sums(const std::string& text);
  std::string where() const { return file_.native() + (entry_.empty() ? "" : ", " + entry_); }

  Path file_;
  PieceSource packed_;  ///< the ferry file's bytes
  ArchiveIn in_;
  Manifest manifest_;
  std::string entry_;
  Digest digest_;
  std::map<std::string, std::string> sums_;
};

}  // namespace wayferry
