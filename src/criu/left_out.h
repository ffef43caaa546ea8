// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <future>
#include <map>
#include <vector>

#include "criu/cut_mappings.h"
#include "criu/process_memory.h"
#include "criu/short_smaps.h"
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
//
// A question for guard pages it lets through, as CRIU asks since 4.2, but for where there was no
// room for any before.
//
// The same library gives CRIU the short form of a process's smaps (short_smaps.h), where there is
// one, in which large mappings are cut (cut_mappings.h).

namespace wayferry {

class LeftOut {
 public:
  /// Of processes that stand still, by their pids inside the container: finds the mappings, writes
  /// into the folder what the library needs, and looks for the pages from now on, as far as they
  /// were not `seen` before (process_memory.h). `smaps` may be null. Throws SystemError.
  LeftOut(const std::map<pid_t, pid_t>& processes, Path folder, const ShortSmaps* smaps,
          PagesSeen seen);

  /// Enters the pages into the images of the dump, which has ended. Throws ProtocolError if CRIU
  /// takes one of these mappings for something that it restores at once: then the images are not
  /// complete.
  void enter(const Path& images);

 private:
  struct Process {
    pid_t outer;
    std::vector<Mapping> mappings;
    CutEnds cut;
  };
  using Pages = std::map<pid_t, std::vector<PageRange>>;  // by the pid inside

  Process describe(pid_t process, const ShortSmaps* smaps) const;
  void write_list() const;
  void write_seen() const;
  Pages find_pages() const;
  static bool lists_itself(const Process& process, const std::vector<PageRange>& ranges,
                           const std::vector<Mapping>& listed);

  std::map<pid_t, Process> processes_;  // by the pid inside, as all pages
  Path folder_;
  PagesSeen seen_;
  std::future<Pages> pages_;  // its destructor waits for the end
};

}  // namespace wayferry
