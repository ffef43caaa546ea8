// SPDX-License-Identifier: MIT
#include "criu/smaps.h"

#include <charconv>
#include <optional>

namespace wayferry {
namespace {

constexpr std::string_view flags_label = "VmFlags: ";

/// "START-END …"; nothing if the line is another one.
std::optional<Mapping> range_of(std::string_view line) {
  Mapping range;
  const char* const end = line.data() + line.size();
  const auto first = std::from_chars(line.data(), end, range.start, 16);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '-') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, range.end, 16);
  if (second.ec != std::errc() || second.ptr == end || *second.ptr != ' ') return std::nullopt;
  return range;
}

std::string_view without_blanks_behind(std::string_view text) {
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

}  // namespace

std::vector<SmapsEntry> parse_smaps(std::string_view text) {
  std::vector<SmapsEntry> entries;
  while (!text.empty()) {
    const size_t length = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, length);
    text.remove_prefix(std::min(length + 1, text.size()));
    if (const auto range = range_of(line))
      entries.push_back({.range = *range, .line = line, .flags = {}});
    else if (!entries.empty() && line.starts_with(flags_label))
      entries.back().flags = without_blanks_behind(line.substr(flags_label.size()));
  }
  return entries;
}

bool is_shared(const SmapsEntry& mapping) {
  constexpr size_t after_rights = 5;  // "START-END rw-s OFFSET …"
  const size_t blank = mapping.line.find(' ');
  return mapping.line.substr(blank + 1, after_rights).ends_with("s ");
}

}  // namespace wayferry
