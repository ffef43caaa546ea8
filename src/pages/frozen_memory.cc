// SPDX-License-Identifier: MIT
#include "pages/frozen_memory.h"

#include <fcntl.h>
#include <unistd.h>

#include "util/error.h"

namespace wayferry {

FrozenMemory::FrozenMemory(const std::map<pid_t, pid_t>& processes) {
  for (const auto& [inner, outer] : processes) {
    const std::string path = "/proc/" + std::to_string(outer) + "/mem";
    files_[inner] = UniqueFd(check("open", ::open(path.c_str(), O_RDONLY | O_CLOEXEC), path));
  }
}

void FrozenMemory::read(pid_t inner_pid, uint64_t address, std::span<std::byte> into) const {
  const auto file = files_.find(inner_pid);
  if (file == files_.end()) throw ProtocolError("page channel", "asks for an unknown process");
  while (!into.empty()) {
    const ssize_t n = check(
        "pread", ::pread(file->second.get(), into.data(), into.size(), static_cast<off_t>(address)),
        "memory of the app");
    if (n == 0) throw SystemError(ESRCH, "pread", "memory of the app");  // it has died
    address += static_cast<uint64_t>(n);
    into = into.subspan(static_cast<size_t>(n));
  }
}

}  // namespace wayferry
