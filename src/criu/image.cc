// SPDX-License-Identifier: MIT
#include "criu/image.h"

#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>

#include "util/error.h"

namespace wayferry {
namespace {

// From CRIU's images/core.proto: core_entry.tc is field 3, task_core_entry.task_state field 1; the
// value comes from compel/include/uapi/task-state.h.
constexpr uint64_t field_task_core = 3;
constexpr uint64_t field_task_state = 1;
constexpr uint64_t task_stopped = 3;

// IMG_COMMON_MAGIC and CORE_MAGIC, then the size of the only record.
constexpr size_t header_size = 12;
constexpr uint32_t core_magic = 0x55053847;

uint32_t little_endian(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

[[noreturn]] void bad(const char* text) {
  throw ProtocolError("CRIU core image", text);
}

// Walks one protobuf message: next() steps to a field, then number, and value or bytes.
class Fields {
 public:
  explicit Fields(std::string_view message) : rest_(message) {}
  uint64_t number = 0;
  uint64_t value = 0;
  std::string_view bytes;

  bool next() {
    if (rest_.empty()) return false;
    const uint64_t key = varint();
    number = key >> 3;
    switch (key & 7) {
      case 0:
        value = varint();
        break;
      case 1:
        bytes = take(8);
        break;
      case 2:
        bytes = take(varint());
        break;
      case 5:
        bytes = take(4);
        break;
      default:
        bad("unknown wire type");
    }
    return true;
  }

 private:
  uint64_t varint() {
    uint64_t result = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      result |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return result;
    }
    bad("endless number");
  }
  std::string_view take(uint64_t size) {
    if (size > rest_.size()) bad("ends within a field");
    const auto taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
};

// "core-12.img" → 12. Other images of a checkpoint have other names.
std::optional<pid_t> core_image_pid(std::string_view name) {
  constexpr std::string_view head = "core-";
  constexpr std::string_view tail = ".img";
  if (!name.starts_with(head) || !name.ends_with(tail)) return std::nullopt;
  name = name.substr(head.size(), name.size() - head.size() - tail.size());
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return pid;
}

}  // namespace

bool core_image_says_stopped(std::string_view image) {
  if (image.size() < header_size || little_endian(image.substr(4)) != core_magic)
    bad("wrong magic number");
  if (image.size() - header_size < little_endian(image.substr(8))) bad("ends within its record");
  Fields core(image.substr(header_size, little_endian(image.substr(8))));
  while (core.next()) {
    if (core.number != field_task_core) continue;
    Fields task(core.bytes);
    while (task.next())
      if (task.number == field_task_state) return task.value == task_stopped;
  }
  return false;  // the image of a thread has no task_core
}

std::set<pid_t> stopped_processes(const Path& images) {
  std::set<pid_t> stopped;
  for (const auto& entry : std::filesystem::directory_iterator(images)) {
    const auto pid = core_image_pid(entry.path().filename().native());
    if (!pid) continue;
    const auto image = read_file(entry.path());
    if (image && core_image_says_stopped(*image)) stopped.insert(*pid);
  }
  return stopped;
}

}  // namespace wayferry
