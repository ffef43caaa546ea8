// SPDX-License-Identifier: MIT
#pragma once

#include <sys/stat.h>

#include <map>
#include <string>
#include <vector>

#include "move/file_contents.h"
#include "move/tar_writer.h"
#include "util/io.h"

// A folder that travels with an app (what it wrote to its root file system, its private memory
// file system, a volume), sent in two passes: all of it while the app runs, then, while it stands
// still, only what changed. A change is seen by inode, type, size, mtime or ctime; a program can
// set its mtime back, but not its ctime. What is written through a mapping is the exception: on a
// disk it changes the times of a clean page's file only, so whoever sends cleans the pages first
// (running_memory.h); in memory it never does, so there the contents are compared with what was
// sent.

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

/// Path below the tree → mark, parents before children; "." is the tree itself.
using FileMarks = std::map<std::string, FileMark>;

struct FileChanges {
  std::vector<std::string> changed;  ///< to send (again), parents first
  std::vector<std::string> removed;  ///< gone, or of another type now
};

class FileTree {
 public:
  /// Looks at what is there. A folder that does not exist is an empty one.
  explicit FileTree(Path folder);

  /// Bytes of all files.
  uint64_t size() const;
  /// Sends all that was there as one tar stream; returns its bytes.
  uint64_t send(const PieceSink& sink);
  /// What differs now from what was there, and was sent.
  FileChanges changes() const;
  /// Sends these, as send().
  uint64_t send(const std::vector<std::string>& paths, const PieceSink& sink) const;

 private:
  bool contents_changed(const std::string& path, const FileMark& now) const;

  Path folder_;
  bool times_tell_;
  FileMarks marks_;
  std::map<ino_t, ContentsDigest> sent_;  // of each regular file, where times do not tell
};

}  // namespace wayferry
