// SPDX-License-Identifier: MIT
#include "criu/image.h"

#include <charconv>
#include <cstdint>
#include <cstring>
#include <vector>

#include "criu/fields.h"
#include "criu/memory_image.h"
#include "criu/pagemap.h"
#include "util/error.h"

namespace wayferry {
namespace {

// From CRIU's images/core.proto: core_entry.tc is field 3, task_core_entry.task_state field 1; the
// value comes from compel/include/uapi/task-state.h.
constexpr uint64_t field_task_core = 3;
constexpr uint64_t field_task_state = 1;
constexpr uint64_t task_stopped = 3;

constexpr std::string_view core_kind = "core-";

}  // namespace

std::optional<pid_t> image_pid(std::string_view kind, std::string_view name) {
  constexpr std::string_view tail = ".img";
  if (!name.starts_with(kind) || !name.ends_with(tail)) return std::nullopt;
  name = name.substr(kind.size(), name.size() - kind.size() - tail.size());
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return pid;
}

bool is_written_anew(std::string_view name) {
  return name == files_image || image_pid(pagemap_kind, name) || image_pid(memory_kind, name);
}

bool core_image_says_stopped(std::string_view image) {
  Records records(image, core_magic, core_image);
  std::string_view record;
  if (!records.next(record)) throw ProtocolError(core_image, "it has no record");
  Fields core(record, core_image);
  while (core.next()) {
    if (core.number != field_task_core) continue;
    Fields task(core.bytes, core_image);
    while (task.next())
      if (task.number == field_task_state) return task.value == task_stopped;
  }
  return false;  // the image of a thread has no task_core
}

void rewrite_core_images(const Path& images, std::string (*changed)(std::string_view image)) {
  std::vector<Path> cores;
  for (const auto& entry : std::filesystem::directory_iterator(images))
    if (image_pid(core_kind, entry.path().filename().native())) cores.push_back(entry.path());
  for (const Path& core : cores) write_file(core, changed(read_file(core).value_or("")));
}

std::set<pid_t> stopped_processes(const Path& images) {
  std::set<pid_t> stopped;
  for (const auto& entry : std::filesystem::directory_iterator(images)) {
    const auto pid = image_pid(core_kind, entry.path().filename().native());
    if (!pid) continue;
    const auto image = read_file(entry.path());
    if (image && core_image_says_stopped(*image)) stopped.insert(*pid);
  }
  return stopped;
}

}  // namespace wayferry
