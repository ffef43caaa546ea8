// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <future>
#include <map>
#include <vector>

#include "criu/process_memory.h"
#include "util/io.h"

// A lazy dump of CRIU's leaves pages out of its images, but treats each of them all the same: it
// puts it on a list, and pushes it into a pipe of up to 16 MB that nobody reads. So a freeze grew
// with an app's memory, and needed the right to such pipes; and a page that CRIU takes for a stack
// it does not leave out (is_stack() in its mem.c compares the wrong bits, up to 4.2 at least: one
// stack pointer in 256 made all memory of its process a stack).
//
// Hence a library in CRIU (preload.h) that lets it see no page in the mappings whose pages follow
// the app. Which pages these have is found out here, on another processor while CRIU dumps, and
// entered into its images, which then say what they would have said. That its restore will fetch
// pages for just these mappings is looked up in what it wrote about them.

namespace wayferry {

class LeftOut {
 public:
  /// Of processes that stand still, by their pids inside the container: finds the mappings, writes
  /// the list for the library, and looks for the pages from now on. Throws SystemError.
  LeftOut(std::map<pid_t, pid_t> processes, Path list);

  const Path& list() const { return list_; }

  /// Enters the pages into the images of the dump, which has ended. Throws ProtocolError if CRIU
  /// takes one of these mappings for something that it restores at once: then the images are not
  /// complete.
  void enter(const Path& images);

 private:
  using Pages = std::map<pid_t, std::vector<PageRange>>;

  void write_list() const;
  Pages find_pages() const;

  std::map<pid_t, pid_t> processes_;
  std::map<pid_t, std::vector<Mapping>> mappings_;  // both by the pid inside
  Path list_;
  std::future<Pages> pages_;  // its destructor waits for the end
};

}  // namespace wayferry
