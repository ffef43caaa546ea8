// SPDX-License-Identifier: MIT
#include "criu/inherited_groups.h"

#include <algorithm>
#include <vector>

#include "criu/fields.h"
#include "criu/image.h"
#include "util/error.h"

namespace wayferry {
namespace {

// From CRIU's images/core.proto. A part of core_entry that names a set of control groups, and the
// number of that field in it: task_core_entry's is from before CRIU knew sets of threads.
struct Part {
  uint64_t number;
  uint64_t set;
};
constexpr Part parts[] = {
    {.number = 3, .set = 9},   // task_core_entry
    {.number = 5, .set = 16},  // thread_core_entry
};

}  // namespace

std::string without_group_set(std::string_view core) {
  return rewritten(core, core_magic, core_image, [](const Fields& field, std::string& entry) {
    const auto part = std::ranges::find(parts, field.number, &Part::number);
    if (part == std::end(parts))
      entry += field.raw;
    else
      put_bytes(entry, field.number, without_fields(field.bytes, {part->set}, core_image));
  });
}

void inherit_groups(const Path& images) {
  std::vector<Path> cores;
  for (const auto& entry : std::filesystem::directory_iterator(images))
    if (entry.path().filename().native().starts_with("core-")) cores.push_back(entry.path());
  for (const Path& core : cores) write_file(core, without_group_set(read_file(core).value_or("")));
}

}  // namespace wayferry
