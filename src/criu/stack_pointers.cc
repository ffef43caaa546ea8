// SPDX-License-Identifier: MIT
#include "criu/stack_pointers.h"

#include <algorithm>
#include <sstream>

#include "criu/pagemap.h"
#include "util/io.h"

namespace wayferry {
namespace {

/// Whether a thread's stack pointer is a multiple of the page size. Its /proc file ends with stack
/// pointer and program counter, whatever the thread is waiting in.
bool misleads(const Path& thread) {
  std::istringstream words(read_file(thread / "syscall").value_or(""));
  std::vector<std::string> all;
  for (std::string word; words >> word;) all.push_back(word);
  if (all.size() < 3) return false;  // "running": not to be known; or it has ended
  const uint64_t pointer = std::stoull(all[all.size() - 2], nullptr, 16);
  return pointer != 0 && pointer % page_size == 0;
}

bool any_misleads(pid_t process) {
  std::error_code gone;
  const Path threads = "/proc/" + std::to_string(process) + "/task";
  const std::filesystem::directory_iterator all(threads, gone);
  return std::ranges::any_of(all, [](const auto& entry) { return misleads(entry.path()); });
}

}  // namespace

pid_t with_misleading_stack(const std::vector<pid_t>& processes) {
  const auto found = std::ranges::find_if(processes, any_misleads);
  return found == processes.end() ? 0 : *found;
}

}  // namespace wayferry
