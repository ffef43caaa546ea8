// SPDX-License-Identifier: MIT
#include "criu/cut_mappings.h"

#include <format>

#include "criu/pagemap.h"
#include "criu/process_memory.h"
#include "criu/smaps.h"

namespace wayferry {
namespace {

// A shorter one's list costs less than a tenth of a millisecond.
constexpr uint64_t large = 16 << 20;

// Not what CRIU changes before a dump (memory that cannot be read), and not the stack, which grows.
bool can_be_cut(const SmapsEntry& mapping) {
  return mapping.range.end - mapping.range.start >= large && can_be_lazy(mapping) &&
         mapping.line.contains(" rw-p ") && !mapping.flags.contains("gd");
}

}  // namespace

CutSmaps cut_large_mappings(std::string_view smaps) {
  CutSmaps result;
  for (const SmapsEntry& mapping : parse_smaps(smaps)) {
    std::string line(mapping.line);
    if (can_be_cut(mapping)) {
      const auto [start, end] = mapping.range;
      result.ends[start] = end;
      line = std::format("{:x}-{:x}", start, start + page_size) + line.substr(line.find(' '));
    }
    result.text += std::format("{}\nVmFlags: {}\n", line, mapping.flags);
  }
  return result;
}

}  // namespace wayferry
