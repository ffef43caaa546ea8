// SPDX-License-Identifier: MIT
#include "pages/uffd.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "criu/pagemap.h"
#include "util/error.h"

namespace wayferry {

int64_t Uffd::put(uint64_t now, uint64_t bytes, const std::byte* from) {
  int64_t done = 0;
  int result = 0;
  if (from) {
    uffdio_copy copy{.dst = now, .src = reinterpret_cast<uint64_t>(from), .len = bytes};
    result = ::ioctl(fd_.get(), UFFDIO_COPY, &copy);
    done = copy.copy;
  } else {
    uffdio_zeropage zero{.range = {.start = now, .len = bytes}};
    result = ::ioctl(fd_.get(), UFFDIO_ZEROPAGE, &zero);
    done = zero.zeropage;
  }
  if (result == 0) return static_cast<int64_t>(bytes);
  return done > 0 ? done : -errno;  // a part done comes as an error too
}

void Uffd::wake(uint64_t page) {
  uffdio_range range{.start = page, .len = page_size};
  ::ioctl(fd_.get(), UFFDIO_WAKE, &range);  // fails only where nobody can be waiting
}

void Uffd::wake_all() {
  // From above mmap_min_addr to below the end of the addresses, which depends on the machine.
  constexpr uint64_t first = 1u << 20;
  for (int bits = 57; bits >= 39; --bits) {
    uffdio_range range{.start = first, .len = (1ull << bits) - 2 * first};
    if (::ioctl(fd_.get(), UFFDIO_WAKE, &range) == 0) return;
  }
}

Uffd::Outcome Uffd::fill(uint64_t now, uint64_t count, Bytes pages) {
  uint64_t left = count * page_size;
  uint64_t step = left;
  const std::byte* from = pages.empty() ? nullptr : pages.data();
  while (left > 0) {
    step = std::min(step, left);
    int64_t done = put(now, step, from);
    if (done == -ENOENT && step > page_size) {
      // Not all in one mapping: the app has split it (mprotect, munmap), which no event tells.
      step = step / 2 / page_size * page_size;
      continue;
    }
    if (done == -EEXIST) wake(now);
    if (done == -EEXIST || done == -ENOENT) done = page_size;  // there already; nowhere any more
    if (done == -EAGAIN) return Outcome::events_waiting;
    if (done == -ESRCH || done == -ENOSPC) return Outcome::process_gone;
    if (done < 0) throw SystemError(static_cast<int>(-done), "userfaultfd");
    now += static_cast<uint64_t>(done);
    left -= static_cast<uint64_t>(done);
    if (from) from += done;
    step = left;
  }
  return Outcome::done;
}

void Uffd::let_go(uint64_t now, uint64_t bytes) {
  uffdio_range range{.start = now, .len = bytes};
  ::ioctl(fd_.get(), UFFDIO_UNREGISTER, &range);  // what is unmapped meanwhile needs no letting go
}

std::vector<uffd_msg> Uffd::events() {
  std::array<uffd_msg, 16> messages;
  const ssize_t n = ::read(fd_.get(), messages.data(), sizeof messages);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return {};
  const auto count = static_cast<size_t>(check("read", n, "userfaultfd")) / sizeof(uffd_msg);
  return {messages.begin(), messages.begin() + static_cast<ptrdiff_t>(count)};
}

}  // namespace wayferry
