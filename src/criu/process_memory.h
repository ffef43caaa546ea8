// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <vector>

#include "criu/pagemap.h"

// What the kernel tells of a process's memory: which mappings it has, and which of their pages are
// there. Of processes that stand still it is the truth until they run.

namespace wayferry {

struct Mapping {
  uint64_t start = 0;  ///< addresses
  uint64_t end = 0;
  bool operator==(const Mapping&) const = default;
};

/// The mappings whose pages CRIU can restore later, in order: private and anonymous, not locked,
/// not of hugetlbfs (vma_entry_can_be_lazy() in its vma.h). None of a process that has ended.
std::vector<Mapping> lazy_mappings(pid_t process);

enum class PageScan : uint8_t {
  by_kernel,  ///< PAGEMAP_SCAN, Linux 6.7
  by_entry,   ///< entry by entry, counting the zero page's too: ten times slower
};

/// The pages in these mappings that are there, in memory or swapped out, and no file's; runs of
/// them, in order. Throws SystemError when the process has ended.
std::vector<PageRange> pages_in(pid_t process, const std::vector<Mapping>& mappings,
                                PageScan way = PageScan::by_kernel);

}  // namespace wayferry
