// SPDX-License-Identifier: MIT
#include "criu/stack_pointers.h"

#include <algorithm>
#include <sstream>

#include "criu/fields.h"
#include "criu/image.h"
#include "criu/stack_mark.h"

namespace wayferry {
namespace {

/// Whether a thread's stack pointer is a multiple of the page size. Its /proc file ends with stack
/// pointer and program counter, whatever the thread is waiting in.
bool thread_misleads(const Path& thread) {
  std::istringstream words(read_file(thread / "syscall").value_or(""));
  std::vector<std::string> all;
  for (std::string word; words >> word;) all.push_back(word);
  if (all.size() < 3) return false;  // "running": not to be known; or it has ended
  return misleads(std::stoull(all[all.size() - 2], nullptr, 16));
}

bool any_misleads(pid_t process) {
  std::error_code gone;
  const Path threads = "/proc/" + std::to_string(process) + "/task";
  const std::filesystem::directory_iterator all(threads, gone);
  return std::ranges::any_of(all, [](const auto& entry) { return thread_misleads(entry.path()); });
}

// From CRIU's images/core.proto and core-x86.proto, core-aarch64.proto: where core_entry has what
// belongs to the machine, that its general registers, and those the stack pointer.
struct PointerPlace {
  uint64_t machine;
  uint64_t registers;
  uint64_t pointer;
};
constexpr PointerPlace places[] = {
    {.machine = 2, .registers = 2, .pointer = 20},  // thread_info_x86
    {.machine = 8, .registers = 3, .pointer = 2},   // thread_info_aarch64
};

/// The message with one field of it as `changed` gives it.
template <typename Changed>
std::string with_field(std::string_view message, uint64_t number, const Changed& changed) {
  std::string result;
  for (Fields fields(message, core_image); fields.next();)
    if (fields.number == number)
      changed(fields, result);
    else
      result += fields.raw;
  return result;
}

std::string with_true_pointer(std::string_view machine, const PointerPlace& place) {
  return with_field(machine, place.registers, [&place](const Fields& registers, std::string& to) {
    const auto restore = [](const Fields& pointer, std::string& into) {
      put_number(into, pointer.number, unmarked(pointer.value));
    };
    put_bytes(to, registers.number, with_field(registers.bytes, place.pointer, restore));
  });
}

}  // namespace

bool has_misleading_stack(const std::vector<pid_t>& processes) {
  return std::ranges::any_of(processes, any_misleads);
}

std::string with_true_stack(std::string_view core) {
  return rewritten(core, core_magic, core_image, [](const Fields& field, std::string& entry) {
    const auto place = std::ranges::find(places, field.number, &PointerPlace::machine);
    if (place == std::end(places))
      entry += field.raw;
    else
      put_bytes(entry, field.number, with_true_pointer(field.bytes, *place));
  });
}

void restore_true_stacks(const Path& images) {
  rewrite_core_images(images, with_true_stack);
}

}  // namespace wayferry
