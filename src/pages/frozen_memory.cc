// SPDX-License-Identifier: MIT
#include "pages/frozen_memory.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "criu/process_memory.h"
#include "util/error.h"

namespace wayferry {
namespace {

iovec memory_at(uint64_t address, size_t size) {
  return {.iov_base = reinterpret_cast<void*>(address), .iov_len = size};
}

}  // namespace

FrozenMemory::FrozenMemory(const std::map<pid_t, pid_t>& processes) {
  for (const auto& [inner, outer] : processes) {
    const std::string path = "/proc/" + std::to_string(outer) + "/mem";
    UniqueFd pidfd(
        check("pidfd_open", static_cast<int>(::syscall(SYS_pidfd_open, outer, 0)), path));
    UniqueFd memory(check("open", ::open(path.c_str(), O_RDONLY | O_CLOEXEC), path));
    processes_.emplace(
        inner, Process{.outer = outer, .pidfd = std::move(pidfd), .memory = std::move(memory)});
  }
}

size_t FrozenMemory::read_directly(const Process& process, std::span<const iovec> there,
                                   std::span<std::byte> into) {
  const iovec here{into.data(), into.size()};
  const ssize_t n = ::process_vm_readv(process.outer, &here, 1, there.data(), there.size(), 0);
  // A pid is nobody else's as long as its process has not ended.
  if (n <= 0 || wait_readable(process.pidfd.get(), std::chrono::milliseconds(0))) return 0;
  return static_cast<size_t>(n);
}

const FrozenMemory::Process& FrozenMemory::process_of(pid_t inner_pid) const {
  const auto process = processes_.find(inner_pid);
  if (process == processes_.end())
    throw ProtocolError("page channel", "asks for an unknown process");
  return process->second;
}

void FrozenMemory::read(pid_t inner_pid, uint64_t address, std::span<std::byte> into) const {
  const Process& process = process_of(inner_pid);
  while (!into.empty()) {
    const iovec there = memory_at(address, into.size());
    size_t n = read_directly(process, {&there, 1}, into);
    if (n == 0) {
      const size_t page = std::min<size_t>(into.size(), page_size);
      n = static_cast<size_t>(check(
          "pread", ::pread(process.memory.get(), into.data(), page, static_cast<off_t>(address)),
          "memory of the app"));
    }
    if (n == 0) throw SystemError(ESRCH, "pread", "memory of the app");  // it has died
    address += n;
    into = into.subspan(n);
  }
}

size_t FrozenMemory::read_scattered(pid_t inner_pid, std::span<const uint64_t> addresses,
                                    std::span<std::byte> into) const {
  std::vector<iovec> there;
  for (const uint64_t address : addresses) there.push_back(memory_at(address, page_size));
  return read_directly(process_of(inner_pid), there, into.first(there.size() * page_size)) /
         page_size;
}

void FrozenMemory::read_or_zeros(pid_t inner_pid, uint64_t address,
                                 std::span<std::byte> into) const {
  try {
    return read(inner_pid, address, into);
  } catch (const SystemError&) {
    // Some page of it; which one is found out below.
  }
  for (; !into.empty(); into = into.subspan(page_size), address += page_size) {
    const auto page = into.first(page_size);
    try {
      read(inner_pid, address, page);
    } catch (const SystemError&) {
      if (has_page(process_of(inner_pid).outer, address) && !kernel_hides_guards()) throw;
      std::ranges::fill(page, std::byte{0});
    }
  }
}

}  // namespace wayferry
