// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <map>
#include <string_view>
#include <vector>

#include "util/io.h"

// Which pages a lazy dump left out of its images: CRIU's pagemap says it for each process. Private
// anonymous memory that is not locked; everything else lies in the images.

namespace wayferry {

/// Every machine that wayferry runs on has pages of this size; CRIU's numbers count in them.
constexpr uint64_t page_size = 4096;

struct PageRange {
  uint64_t start = 0;  ///< address
  uint64_t pages = 0;
  bool operator==(const PageRange&) const = default;
};

/// The lazy ranges of one pagemap image, in order. Throws ProtocolError if it is none.
std::vector<PageRange> lazy_ranges(std::string_view pagemap_image);

/// The same for a process of a checkpoint, named by its pid inside the container.
std::vector<PageRange> lazy_ranges(const Path& images, pid_t inner_pid);

/// For all its processes.
std::map<pid_t, std::vector<PageRange>> all_lazy_ranges(const Path& images);

uint64_t count_pages(const std::vector<PageRange>& ranges);

}  // namespace wayferry
