// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "criu/guard_pages.h"
#include "criu/pagemap.h"
#include "criu/smaps.h"
#include "util/unique_fd.h"

// What the kernel tells of a process's memory: which mappings it has, and which of their pages are
// there. Of processes that stand still it is the truth until they run.

namespace wayferry {

/// Whether this kernel tells which pages are guards (guard_pages.h).
bool kernel_tells_guards();
/// Whether it has guard pages and does not tell: what cannot be read may be one.
bool kernel_hides_guards();

/// Whether CRIU can restore its pages later (vma_entry_can_be_lazy() in its vma.h): private and
/// anonymous, not locked, not of hugetlbfs. Where the flags are not known, as if it were not
/// locked.
bool can_be_lazy(const SmapsEntry& mapping);

/// All such mappings, in order: of a process (none if it has ended), or in the text of its smaps.
std::vector<Mapping> lazy_mappings(pid_t process);
std::vector<Mapping> lazy_mappings_in(std::string_view smaps);

enum class PageScan : uint8_t {
  by_kernel,  ///< PAGEMAP_SCAN, Linux 6.7
  by_entry,   ///< entry by entry, counting the zero page's too: ten times slower
};

/// What was there while a process still ran.
struct SeenPages {
  std::vector<PageRange> runs = {};  ///< of pages, in order
  bool guards = false;               ///< there were guard pages as well, as far as the kernel tells
};
/// By the host's pid.
using PagesSeen = std::map<pid_t, SeenPages>;
/// Of these mappings. Throws SystemError when the process has ended.
SeenPages see_pages(pid_t process, const std::vector<Mapping>& mappings);

/// What is that long is taken to be there still.
bool is_long(const PageRange& run);

/// The pages in these mappings that are there, in memory or swapped out, and no file's or guards;
/// runs of them, in order. Long runs of `seen` are taken to be there still, so that nobody stands
/// still for longer because he has more memory: to look at each page takes 3.5 ms a GB. What was
/// given back meanwhile must then be read as zeros. Throws SystemError when the process has ended.
std::vector<PageRange> pages_in(pid_t process, const std::vector<Mapping>& mappings,
                                const std::vector<PageRange>& seen = {},
                                PageScan way = PageScan::by_kernel);

/// For whoever asks of a few of a process's pages, again and again. From any thread.
class PageFinder {
 public:
  /// Throws SystemError when the process has ended; so does first_in().
  explicit PageFinder(pid_t process, PageScan way = PageScan::by_kernel);

  /// The first page in here that is there, as for pages_in(). By entry it looks at each until then.
  std::optional<uint64_t> first_in(const Mapping& part) const;

 private:
  std::optional<uint64_t> first_by_entry(const Mapping& part) const;

  std::string path_;
  UniqueFd pagemap_;
  PageScan way_;
};

/// Whether the page at this address is there. Throws SystemError when the process has ended.
bool has_page(pid_t process, uint64_t address);

}  // namespace wayferry
