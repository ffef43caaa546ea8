// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "criu/pagemap.h"
#include "criu/smaps.h"

// What the kernel tells of a process's memory: which mappings it has, and which of their pages are
// there. Of processes that stand still it is the truth until they run.

namespace wayferry {

/// Of PAGEMAP_SCAN (linux/fs.h), Linux 6.16: a page that nobody may touch, by
/// madvise(MADV_GUARD_INSTALL) as for the stacks of threads since glibc 2.42. It has no content,
/// but counts as swapped out.
inline constexpr uint64_t page_is_guard = 1 << 8;
/// Whether this kernel knows it.
bool kernel_tells_guards();

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

/// Which pages were there while the processes still ran, by the host's pid; runs of them, in order.
using PagesSeen = std::map<pid_t, std::vector<PageRange>>;

/// The pages in these mappings that are there, in memory or swapped out, and no file's; runs of
/// them, in order. Long runs of `seen` are taken to be there still, so that nobody stands still for
/// longer because he has more memory: to look at each page takes 3.5 ms a GB. What was given back
/// meanwhile must then be read as zeros. Throws SystemError when the process has ended.
std::vector<PageRange> pages_in(pid_t process, const std::vector<Mapping>& mappings,
                                const std::vector<PageRange>& seen = {},
                                PageScan way = PageScan::by_kernel);

/// Whether the page at this address is there. Throws SystemError when the process has ended.
bool has_page(pid_t process, uint64_t address);

}  // namespace wayferry
