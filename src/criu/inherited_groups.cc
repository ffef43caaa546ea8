// SPDX-License-Identifier: MIT
#include "criu/inherited_groups.h"

#include <vector>

#include "criu/fields.h"
#include "criu/image.h"
#include "util/error.h"

namespace wayferry {
namespace {

const char* const where = "CRIU core image";

// From CRIU's images/core.proto. A part of core_entry that names a set of control groups, and the
// number of that field in it: task_core_entry's is from before CRIU knew sets of threads.
struct Part {
  uint64_t number;
  uint64_t set;
};
constexpr Part task_core{.number = 3, .set = 9};
constexpr Part thread_core{.number = 5, .set = 16};

constexpr size_t both_magic_numbers = 8;

std::string without_field(std::string_view message, uint64_t number) {
  std::string rest;
  Fields fields(message, where);
  while (fields.next())
    if (fields.number != number) rest += fields.raw;
  return rest;
}

}  // namespace

std::string without_group_set(std::string_view core) {
  Records records(core, core_magic, where);
  std::string result(core.substr(0, both_magic_numbers));
  for (std::string_view record; records.next(record);) {
    std::string entry;
    Fields fields(record, where);
    while (fields.next()) {
      if (fields.number == task_core.number)
        put_bytes(entry, fields.number, without_field(fields.bytes, task_core.set));
      else if (fields.number == thread_core.number)
        put_bytes(entry, fields.number, without_field(fields.bytes, thread_core.set));
      else
        entry += fields.raw;
    }
    put_record(result, entry);
  }
  return result;
}

void inherit_groups(const Path& images) {
  std::vector<Path> cores;
  for (const auto& entry : std::filesystem::directory_iterator(images))
    if (entry.path().filename().native().starts_with("core-")) cores.push_back(entry.path());
  for (const Path& core : cores) write_file(core, without_group_set(read_file(core).value_or("")));
}

}  // namespace wayferry
