// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "move/archive.h"
#include "util/io.h"

// A tar stream of plain files of our own making, and a stream compressor: the two halves of a
// ferry file, and the parts of an OCI archive.

namespace wayferry {

class PlainTar {
 public:
  explicit PlainTar(PieceSink sink);

  void add(const std::string& name, std::string_view contents);
  /// The whole of a file, whose size must not change meanwhile. `tap` sees what goes in.
  void add_file(const std::string& name, const Path& file, const PieceSink& tap = {});
  void finish() { out_.close(); }

 private:
  void begin(const std::string& name, uint64_t size);

  ArchiveOut out_;
};

/// zstd.
class Compressor {
 public:
  explicit Compressor(PieceSink sink);
  void add(std::string_view bytes) { out_.write(bytes, "compressed stream"); }
  void finish();

 private:
  ArchiveOut out_;
};

}  // namespace wayferry
