// SPDX-License-Identifier: MIT
//
// What left_out.h tells of, for a lazy dump, and guard_pages.h, for any: this is loaded into CRIU.
// It knows nothing of wayferry but its lists, and needs no library but the C one. CRIU asks for
// pages with PAGEMAP_SCAN, on kernels before 6.7 by reading (pmc_fill() in its pagemap-cache.c),
// and in no other way.

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdarg>
#include <cstdlib>
#include <span>
#include <string_view>
#include <utility>

#include "criu/guard_pages.h"
#include "criu/left_out_list.h"

namespace {

using wayferry::LeftOutRange;
using Ranges = std::span<const LeftOutRange>;

constexpr uint64_t page = 4096;
constexpr uint64_t entry_size = 8;  // of a page in /proc/PID/pagemap

template <typename Function>
Function below(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

/// A file of the folder that left_out_list.h tells of; -1: it is not there.
int open_ours(std::string_view name, std::string_view ending) {
  const char* const folder = ::getenv(wayferry::left_out_variable);
  char path[256];
  if (!folder || std::string_view(folder).size() + name.size() + ending.size() + 2 > sizeof path)
    return -1;
  char* at = std::ranges::copy(std::string_view(folder), path).out;
  *at++ = '/';
  at = std::ranges::copy(name, at).out;
  *std::ranges::copy(ending, at).out = '\0';
  return ::open(path, O_RDONLY | O_CLOEXEC);
}

Ranges map_list(const char* name) {
  const int fd = open_ours(name, "");
  if (fd < 0) return {};
  struct stat info{};
  ::fstat(fd, &info);
  const auto size = static_cast<size_t>(info.st_size);
  void* const list = size == 0 ? MAP_FAILED : ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  ::close(fd);
  if (list == MAP_FAILED) return {};
  return {static_cast<const LeftOutRange*>(list), size / sizeof(LeftOutRange)};
}

// CRIU runs several programs and processes; which one asks does not matter, whom it asks about
// does.
Ranges left_out() {
  static const Ranges ranges = map_list(wayferry::left_out_list);
  return ranges;
}

/// Where no guard page is.
Ranges seen() {
  static const Ranges ranges = map_list(wayferry::seen_list);
  return ranges;
}

/// What of /proc a descriptor is: "PID", "PID/pagemap"; empty: it is not of a process.
std::string_view name_in_proc(int fd, std::span<char> space) {
  char link[32] = "/proc/self/fd/";
  *std::to_chars(link + std::string_view(link).size(), std::end(link) - 1, fd).ptr = '\0';
  const ssize_t length = ::readlink(link, space.data(), space.size());
  std::string_view path(space.data(), static_cast<size_t>(std::max<ssize_t>(length, 0)));
  constexpr std::string_view proc = "/proc/";
  return path.starts_with(proc) ? path.substr(proc.size()) : std::string_view();
}

/// Whose /proc/PID/pagemap that is; 0: it is none.
int64_t process_of(int fd) {
  constexpr std::string_view tail = "/pagemap";
  char space[64];
  std::string_view path = name_in_proc(fd, space);
  if (!path.ends_with(tail)) return 0;
  path.remove_suffix(tail.size());
  int64_t process = 0;
  std::from_chars(path.data(), path.data() + path.size(), process);
  return process;
}

/// Those of the process from the first one on that ends behind `address`.
Ranges ranges_after(Ranges all, int64_t process, uint64_t address) {
  const auto order = [](const LeftOutRange& range) { return std::pair(range.process, range.end); };
  const auto first = std::ranges::upper_bound(all, std::pair(process, address), {}, order);
  const auto last = std::ranges::upper_bound(first, all.end(), process, {}, &LeftOutRange::process);
  return {first, last};
}

using Ioctl = int (*)(int, unsigned long, ...);

/// By a question about no page at all.
bool kernel_knows_guards(Ioctl scan, int pagemap) {
  static const bool knows = [&] {
    pm_scan_arg question{};
    question.size = sizeof question;
    question.category_mask = wayferry::page_is_guard;
    return scan(pagemap, PAGEMAP_SCAN, &question) == 0;
  }();
  return knows;
}

/// PAGEMAP_SCAN with nothing in these ranges; what is between is asked for piece by piece.
int scan_around(Ioctl scan, int fd, Ranges ranges, int64_t process, pm_scan_arg& all) {
  uint64_t at = all.start;
  uint64_t found = 0;
  while (at < all.end && found < all.vec_len) {
    const Ranges next = ranges_after(ranges, process, at);
    if (!next.empty() && next[0].start <= at) {
      at = std::min<uint64_t>(next[0].end, all.end);
      continue;
    }
    pm_scan_arg piece = all;
    piece.start = at;
    if (!next.empty()) piece.end = std::min<uint64_t>(next[0].start, all.end);
    piece.vec += found * sizeof(page_region);
    piece.vec_len -= found;
    const int count = scan(fd, PAGEMAP_SCAN, &piece);
    if (count < 0) return count;
    found += static_cast<uint64_t>(count);
    at = piece.walk_end;
  }
  all.walk_end = at;
  return static_cast<int>(found);
}

/// PAGEMAP_SCAN as CRIU should have it answered.
int answer_scan(Ioctl scan, int fd, pm_scan_arg& asked) {
  constexpr uint64_t guard = wayferry::page_is_guard;
  pm_scan_arg question = asked;
  // A CRIU that knows guard pages mentions them: it wants only them, or to know which are.
  const bool wants_only_them = (question.category_mask & ~question.category_inverted & guard) != 0;
  const uint64_t mentioned =
      question.category_mask | question.category_anyof_mask | question.return_mask;
  if ((mentioned & guard) == 0 && kernel_knows_guards(scan, fd)) {
    question.category_mask |= guard;
    question.category_inverted |= guard;
  }
  const Ranges around = wants_only_them ? seen() : left_out();
  const int64_t process = around.empty() ? 0 : process_of(fd);
  const int count = ranges_after(around, process, 0).empty()
                        ? scan(fd, PAGEMAP_SCAN, &question)
                        : scan_around(scan, fd, around, process, question);
  asked.walk_end = question.walk_end;
  return count;
}

/// Entries of /proc/PID/pagemap, read from there, with zeros for what is left out.
void clear_left_out(int64_t process, unsigned char* entries, uint64_t offset, uint64_t size) {
  const uint64_t start = offset / entry_size * page;
  const uint64_t end = start + size / entry_size * page;
  for (const LeftOutRange& range : ranges_after(left_out(), process, start)) {
    if (range.start >= end) return;
    const uint64_t from = std::max(range.start, start);
    const uint64_t to = std::min(range.end, end);
    std::fill(entries + (from - start) / page * entry_size,
              entries + (to - start) / page * entry_size, 0);
  }
}

}  // namespace

extern "C" int ioctl(int fd, unsigned long request, ...) noexcept {
  va_list rest;
  va_start(rest, request);
  void* const argument = va_arg(rest, void*);
  va_end(rest);
  static const auto real = below<Ioctl>("ioctl");
  if (request == PAGEMAP_SCAN) return answer_scan(real, fd, *static_cast<pm_scan_arg*>(argument));
  return real(fd, request, argument);
}

extern "C" ssize_t pread64(int fd, void* into, size_t size, off64_t offset) {
  static const auto real = below<decltype(&pread64)>("pread64");
  const ssize_t result = real(fd, into, size, offset);
  if (result > 0 && !left_out().empty())
    clear_left_out(process_of(fd), static_cast<unsigned char*>(into), static_cast<uint64_t>(offset),
                   static_cast<uint64_t>(result));
  return result;
}

// CRIU opens all files below /proc/PID from that folder (do_open_proc() in its util.c).
extern "C" int openat64(int folder, const char* name, int flags, ...) {
  if (std::string_view(name) == "smaps") {
    char space[64];
    const int ours = open_ours(name_in_proc(folder, space), wayferry::short_smaps_ending);
    if (ours >= 0) return ours;
  }
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  static const auto real = below<int (*)(int, const char*, int, ...)>("openat64");
  return real(folder, name, flags, mode);
}
