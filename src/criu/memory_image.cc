// SPDX-License-Identifier: MIT
#include "criu/memory_image.h"

#include <sys/mman.h>

#include <algorithm>
#include <format>

#include "criu/fields.h"
#include "util/error.h"

namespace wayferry {
namespace {

// From CRIU's magic.h, images/mm.proto, images/vma.proto and criu/include/image.h.
constexpr uint32_t mm_magic = 0x57492820;
constexpr uint64_t mm_mapping = 14;
constexpr uint64_t mapping_start = 1;
constexpr uint64_t mapping_end = 2;
constexpr uint64_t mapping_flags = 6;
constexpr uint64_t mapping_status = 7;
constexpr uint64_t status_vsyscall = 1 << 2;
constexpr uint64_t status_vdso = 1 << 3;
constexpr uint64_t status_vvar = 1 << 12;
constexpr uint64_t status_guard = 1 << 16;  // since 4.2: not a mapping, but guard pages within one

struct WrittenMapping {
  explicit WrittenMapping(std::string_view entry) {
    for (Fields fields(entry, memory_image); fields.next();)
      if (fields.number <= mapping_status) values[fields.number] = fields.value;
  }
  // vma_entry_can_be_lazy() in its vma.h.
  bool lazy() const {
    constexpr uint64_t needed = MAP_PRIVATE | MAP_ANONYMOUS;
    constexpr uint64_t unfit = MAP_LOCKED | MAP_HUGETLB;
    constexpr uint64_t special = status_vsyscall | status_vdso | status_vvar;
    return (values[mapping_flags] & (needed | unfit)) == needed &&
           (values[mapping_status] & special) == 0;
  }
  bool guard() const { return (values[mapping_status] & status_guard) != 0; }

  uint64_t values[mapping_status + 1] = {};
};

}  // namespace

std::vector<Mapping> mappings_restored_lazily(std::string_view image) {
  std::vector<Mapping> mappings;
  Records records(image, mm_magic, memory_image);
  for (std::string_view record; records.next(record);)
    for (Fields fields(record, memory_image); fields.next();) {
      if (fields.number != mm_mapping) continue;
      const WrittenMapping mapping(fields.bytes);
      if (mapping.lazy())
        mappings.push_back(
            {.start = mapping.values[mapping_start], .end = mapping.values[mapping_end]});
    }
  return mappings;
}

std::string with_whole_mappings(std::string_view image, const CutEnds& ends) {
  CutEnds missing = ends;
  const auto put = [&](const Fields& field, std::string& mm) {
    const WrittenMapping mapping(field.number == mm_mapping ? field.bytes : std::string_view());
    const auto cut = mapping.guard() ? ends.end() : ends.find(mapping.values[mapping_start]);
    if (field.number == mm_mapping && cut != ends.end()) {
      std::string entry = without_fields(field.bytes, {mapping_end}, memory_image);
      put_number(entry, mapping_end, cut->second);
      put_bytes(mm, mm_mapping, entry);
      missing.erase(cut->first);
    } else {
      mm += field.raw;
    }
  };
  std::string whole = rewritten(image, mm_magic, memory_image, put);
  if (missing.empty()) return whole;
  throw ProtocolError(memory_image,
                      std::format("the mapping at {:x} is not in it", missing.begin()->first));
}

bool lie_in(const std::vector<PageRange>& ranges, const std::vector<Mapping>& mappings) {
  auto mapping = mappings.begin();
  for (const PageRange& range : ranges) {
    const uint64_t end = range.start + range.pages * page_size;
    // A run of pages may go on from one mapping into the next.
    for (uint64_t at = range.start; at < end; at = std::min(end, mapping->end)) {
      while (mapping != mappings.end() && mapping->end <= at) ++mapping;
      if (mapping == mappings.end() || mapping->start > at) return false;
    }
  }
  return true;
}

}  // namespace wayferry
