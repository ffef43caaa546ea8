// SPDX-License-Identifier: MIT
#include "criu/inherited_groups.h"

#include <algorithm>

#include "criu/fields.h"
#include "criu/image.h"

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
  rewrite_core_images(images, without_group_set);
}

}  // namespace wayferry
