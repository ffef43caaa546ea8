// SPDX-License-Identifier: MIT
#include "criu/pagemap.h"

#include "criu/fields.h"
#include "criu/image.h"
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
constexpr uint64_t most_pages_an_entry = 0xffff'ffff;

constexpr const char* where = "CRIU pagemap image";

struct Entry {
  explicit Entry(std::string_view record) {
    for (Fields fields(record, where); fields.next();) {
      if (fields.number == field_address) range.start = fields.value;
      if (fields.number == field_pages_32 || fields.number == field_pages_64)
        range.pages = fields.value;
      if (fields.number == field_flags) flags = fields.value;
    }
    if (range.start % page_size != 0 || range.start >= end_of_addresses ||
        range.pages > (end_of_addresses - range.start) / page_size)
      throw ProtocolError(where, "a range that no process can have");
  }

  PageRange range;
  uint64_t flags = 0;
};

std::string lazy_entry(const PageRange& range) {
  if (range.pages > most_pages_an_entry) throw ProtocolError(where, "a range of over 16 TB");
  std::string entry;
  put_number(entry, field_address, range.start);
  put_number(entry, field_pages_32, range.pages);  // newer ones read it, too
  put_number(entry, field_flags, flag_lazy);
  return entry;
}

/// The ranges of an image whose entries have all of these flags.
std::vector<PageRange> ranges_with(std::string_view pagemap_image, uint64_t flags) {
  std::vector<PageRange> ranges;
  Records records(pagemap_image, pagemap_magic, where);
  std::string_view record;
  records.next(record);  // the head: which file the pages are in
  while (records.next(record))
    if (const Entry entry(record); (entry.flags & flags) == flags) ranges.push_back(entry.range);
  return ranges;
}

}  // namespace

Path pagemap_image_path(const Path& images, pid_t inner_pid) {
  return images / (std::string(pagemap_kind) + std::to_string(inner_pid) + ".img");
}

std::vector<PageRange> lazy_ranges(std::string_view pagemap_image) {
  return ranges_with(pagemap_image, flag_lazy);
}

std::vector<PageRange> listed_ranges(std::string_view pagemap_image) {
  return ranges_with(pagemap_image, 0);
}

std::vector<PageRange> lazy_ranges(const Path& images, pid_t inner_pid) {
  const Path path = pagemap_image_path(images, inner_pid);
  const auto image = read_file(path);
  if (!image) throw ProtocolError("CRIU images", "there is no " + path.filename().native());
  return lazy_ranges(*image);
}

std::map<pid_t, std::vector<PageRange>> all_lazy_ranges(const Path& images) {
  std::map<pid_t, std::vector<PageRange>> all;
  for (const auto& entry : std::filesystem::directory_iterator(images))
    if (const auto pid = image_pid(pagemap_kind, entry.path().filename().native()))
      all[*pid] = lazy_ranges(images, *pid);
  return all;
}

std::string with_lazy_ranges(std::string_view pagemap_image, const std::vector<PageRange>& ranges) {
  std::string result = image_head(pagemap_magic);
  auto next = ranges.begin();
  uint64_t reached = 0;
  const auto put = [&](const PageRange& range, std::string_view entry) {
    if (range.start < reached) throw ProtocolError(where, "ranges that overlap");
    reached = end_of(range);
    put_record(result, entry);
  };
  Records records(pagemap_image, pagemap_magic, where);
  std::string_view record;
  if (!records.next(record)) throw ProtocolError(where, "it has no head");
  put_record(result, record);
  while (records.next(record)) {
    const Entry entry(record);
    for (; next != ranges.end() && next->start < entry.range.start; ++next)
      put(*next, lazy_entry(*next));
    put(entry.range, record);
  }
  for (; next != ranges.end(); ++next) put(*next, lazy_entry(*next));
  return result;
}

uint64_t count_pages(const std::vector<PageRange>& ranges) {
  uint64_t pages = 0;
  for (const PageRange& range : ranges) pages += range.pages;
  return pages;
}

}  // namespace wayferry
