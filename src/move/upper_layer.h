// SPDX-License-Identifier: MIT
#pragma once

#include <sys/stat.h>

#include <map>
#include <string>
#include <vector>

#include "move/tar_writer.h"
#include "util/io.h"

// What an app wrote to its root file system (the overlay's upper layer), sent in two passes: all of
// it while the app runs, then, while it stands still, only what changed. A change is seen by inode,
// type, size, mtime or ctime; a program can set its mtime back, but not its ctime.

namespace wayferry {

struct FileMark {
  ino_t inode = 0;
  mode_t mode = 0;
  off_t size = 0;
  int64_t mtime_ns = 0;
  int64_t ctime_ns = 0;
  /// False: touched so shortly before the scan that a later change could bear the same ctime.
  bool settled = true;

  bool same_file_as(const FileMark& other) const;
};

/// Path below the layer → mark, parents before children; "." is the layer itself.
using LayerMarks = std::map<std::string, FileMark>;
LayerMarks scan_layer(const Path& upper);

struct LayerChanges {
  std::vector<std::string> changed;  ///< to send (again), parents first
  std::vector<std::string> removed;  ///< gone, or of another type now
};
LayerChanges changes_between(const LayerMarks& before, const LayerMarks& after);

/// Sends files of the layer as one tar stream; returns its bytes.
uint64_t send_files(const Path& upper, const std::vector<std::string>& paths,
                    const PieceSink& sink);

std::vector<std::string> all_paths(const LayerMarks& marks);
uint64_t total_size(const LayerMarks& marks);

}  // namespace wayferry
