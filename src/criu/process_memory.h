// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string_view>
#include <vector>

#include "criu/pagemap.h"
#include "criu/smaps.h"

// What the kernel tells of a process's memory: which mappings it has, and which of their pages are
// there. Of processes that stand still it is the truth until they run.

namespace wayferry {

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

/// The pages in these mappings that are there, in memory or swapped out, and no file's; runs of
/// them, in order. Throws SystemError when the process has ended.
std::vector<PageRange> pages_in(pid_t process, const std::vector<Mapping>& mappings,
                                PageScan way = PageScan::by_kernel);

}  // namespace wayferry
