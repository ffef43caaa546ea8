// SPDX-License-Identifier: MIT
#include "criu/soft_dirty.h"

#include <fcntl.h>
#include <unistd.h>

#include <vector>

#include "criu/pagemap.h"
#include "util/unique_fd.h"

namespace wayferry {

bool kernel_tracks_changed_pages() {
  // Where it does, what was just written is marked: bit 55 (admin-guide/mm/soft-dirty in Linux).
  std::vector<char> memory(2 * page_size);
  volatile char* const written = memory.data() + page_size;
  *written = 1;
  const UniqueFd pagemap(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
  uint64_t entry = 0;
  const auto at =
      static_cast<off_t>(reinterpret_cast<uintptr_t>(written) / page_size * sizeof entry);
  return pagemap && ::pread(pagemap.get(), &entry, sizeof entry, at) == sizeof entry &&
         (entry >> 55 & 1) != 0;
}

std::string why_nothing_ahead() {
  return kernel_tracks_changed_pages()
             ? "the kernel tells which pages change, but wayferry does not use that"
             : "the kernel does not tell which pages change (CONFIG_MEM_SOFT_DIRTY)";
}

}  // namespace wayferry
