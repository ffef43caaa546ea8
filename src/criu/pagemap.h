// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "util/io.h"

// Which pages a lazy dump left out of its images: CRIU's pagemap says it for each process, and
// left_out.h makes it say so. Private anonymous memory that is not locked; everything else lies in
// the images.

namespace wayferry {

/// Every machine that wayferry runs on has pages of this size; CRIU's numbers count in them.
constexpr uint64_t page_size = 4096;

/// Their names begin so (image_pid() in image.h); "pagemap-shmem-N.img" is something else.
inline constexpr std::string_view pagemap_kind = "pagemap-";

struct PageRange {
  uint64_t start = 0;  ///< address
  uint64_t pages = 0;
  bool operator==(const PageRange&) const = default;
};

/// The address behind it.
inline uint64_t end_of(const PageRange& range) {
  return range.start + range.pages * page_size;
}

/// The lazy ranges of one pagemap image, in order. Throws ProtocolError if it is none.
std::vector<PageRange> lazy_ranges(std::string_view pagemap_image);

/// The same for a process of a checkpoint, named by its pid inside the container.
std::vector<PageRange> lazy_ranges(const Path& images, pid_t inner_pid);

/// For all its processes.
std::map<pid_t, std::vector<PageRange>> all_lazy_ranges(const Path& images);

/// All ranges of such an image, lazy or not.
std::vector<PageRange> listed_ranges(std::string_view pagemap_image);

/// The same image with these ranges, which are in order, entered as lazy among its own. Throws
/// ProtocolError also if the two overlap.
std::string with_lazy_ranges(std::string_view pagemap_image, const std::vector<PageRange>& ranges);

/// Where that image of a process of a checkpoint lies.
Path pagemap_image_path(const Path& images, pid_t inner_pid);

uint64_t count_pages(const std::vector<PageRange>& ranges);

}  // namespace wayferry
