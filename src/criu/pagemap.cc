// SPDX-License-Identifier: MIT
#include "criu/pagemap.h"

#include <charconv>

#include "criu/fields.h"
#include "util/error.h"

namespace wayferry {
namespace {

// From CRIU's magic.h, images/pagemap.proto and criu/include/pagemap.h.
constexpr uint32_t pagemap_magic = 0x56084025;
constexpr uint64_t field_address = 1;
constexpr uint64_t field_pages_32 = 2;
constexpr uint64_t field_flags = 4;
constexpr uint64_t field_pages_64 = 5;  // since CRIU 4.2, instead of the other
constexpr uint64_t flag_lazy = 1u << 1;

constexpr uint64_t end_of_addresses = 1ull << 57;  // five levels of page tables

}  // namespace

std::vector<PageRange> lazy_ranges(std::string_view pagemap_image) {
  const std::string where = "CRIU pagemap image";
  std::vector<PageRange> ranges;
  Records records(pagemap_image, pagemap_magic, where);
  std::string_view record;
  records.next(record);  // the head: which file the pages are in
  while (records.next(record)) {
    PageRange range;
    uint64_t flags = 0;
    Fields entry(record, where);
    while (entry.next()) {
      if (entry.number == field_address) range.start = entry.value;
      if (entry.number == field_pages_32 || entry.number == field_pages_64)
        range.pages = entry.value;
      if (entry.number == field_flags) flags = entry.value;
    }
    if (!(flags & flag_lazy)) continue;
    if (range.start % page_size != 0 || range.start >= end_of_addresses ||
        range.pages > (end_of_addresses - range.start) / page_size)
      throw ProtocolError(where, "a range that no process can have");
    ranges.push_back(range);
  }
  return ranges;
}

std::vector<PageRange> lazy_ranges(const Path& images, pid_t inner_pid) {
  const Path path = images / ("pagemap-" + std::to_string(inner_pid) + ".img");
  const auto image = read_file(path);
  if (!image) throw ProtocolError("CRIU images", "there is no " + path.filename().native());
  return lazy_ranges(*image);
}

std::map<pid_t, std::vector<PageRange>> all_lazy_ranges(const Path& images) {
  constexpr std::string_view head = "pagemap-";
  std::map<pid_t, std::vector<PageRange>> all;
  for (const auto& entry : std::filesystem::directory_iterator(images)) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    if (!name.starts_with(head)) continue;
    const char* const end = name.data() + name.size();
    const auto number = std::from_chars(name.data() + head.size(), end, pid);
    if (number.ec != std::errc() || std::string_view(number.ptr, end) != ".img")
      continue;  // pagemap-shmem-N.img
    all[pid] = lazy_ranges(images, pid);
  }
  return all;
}

uint64_t count_pages(const std::vector<PageRange>& ranges) {
  uint64_t pages = 0;
  for (const PageRange& range : ranges) pages += range.pages;
  return pages;
}

}  // namespace wayferry
