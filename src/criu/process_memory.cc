// SPDX-License-Identifier: MIT
#include "criu/process_memory.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>
#include <sstream>

#include "util/error.h"
#include "util/io.h"
#include "util/unique_fd.h"

namespace wayferry {
namespace {

Path of(pid_t process, const char* file) {
  return "/proc/" + std::to_string(process) + "/" + file;
}

bool has_locked_memory(pid_t process) {
  constexpr std::string_view label = "\nVmLck:";
  const std::string status = read_file(of(process, "status")).value_or("");
  const size_t at = status.find(label);
  return at != status.npos && std::atol(status.c_str() + at + label.size()) != 0;
}

// That none is a file's goes without saying in anonymous mappings, and to ask makes the kernel look
// at each page's own record: twice the time.
constexpr uint64_t wanted_of_any = PAGE_IS_PRESENT | PAGE_IS_SWAPPED;

// Each question keeps everybody from changing the process's mappings, which CRIU must do to dump
// it. Bounded by what is found, not by addresses: an app may have reserved terabytes.
constexpr uint64_t pages_a_scan = 1024;

// A question for what lies between two runs takes as long as one about some hundred pages.
constexpr uint64_t long_run = 256;

// Bits of an entry (admin-guide/mm/pagemap in Linux).
constexpr uint64_t entry_present = uint64_t{1} << 63;
constexpr uint64_t entry_swapped = uint64_t{1} << 62;
constexpr uint64_t entry_file = uint64_t{1} << 61;
constexpr uint64_t entry_guard = uint64_t{1} << 58;

UniqueFd open_pagemap(const std::string& path) {
  return UniqueFd(check("open", ::open(path.c_str(), O_RDONLY | O_CLOEXEC), path));
}

/// For PAGEMAP_SCAN: what is there, except the zero page.
pm_scan_arg scan_of(const Mapping& part, std::span<page_region> into, uint64_t most_pages) {
  pm_scan_arg scan{};
  scan.size = sizeof scan;
  scan.start = part.start;
  scan.end = part.end;
  scan.max_pages = most_pages;
  scan.vec = reinterpret_cast<uintptr_t>(into.data());
  scan.vec_len = into.size();
  scan.category_mask = scan.category_inverted = PAGE_IS_PFNZERO;
  scan.category_anyof_mask = scan.return_mask = wanted_of_any;
  return scan;
}

/// The entries from the beginning of this part, as many as there is room for; how many.
size_t read_entries(int pagemap, const Mapping& part, std::span<uint64_t> into,
                    const std::string& path) {
  const size_t asked = std::min<uint64_t>(into.size(), (part.end - part.start) / page_size);
  const auto place = static_cast<off_t>(part.start / page_size * sizeof(uint64_t));
  const ssize_t bytes =
      check("pread", ::pread(pagemap, into.data(), asked * sizeof(uint64_t), place), path);
  const size_t count = static_cast<size_t>(bytes) / sizeof(uint64_t);
  if (count == 0) throw SystemError(ESRCH, "pread", path);
  return count;
}

bool is_there(uint64_t entry) {
  return (entry & (entry_present | entry_swapped)) != 0 && (entry & entry_file) == 0;
}

class Scanner {
 public:
  explicit Scanner(pid_t process) : path_(of(process, "pagemap")), pagemap_(open_pagemap(path_)) {}

  std::vector<PageRange> found;
  bool guards = false;

  void scan(const Mapping& mapping, PageScan way) {
    if (way == PageScan::by_entry || !by_kernel(mapping)) by_entry(mapping);
  }

  // Two runs that differ only in what nobody asked about follow each other.
  void add(uint64_t start, uint64_t pages) {
    if (!found.empty() && found.back().start + found.back().pages * page_size == start)
      found.back().pages += pages;
    else
      found.push_back({.start = start, .pages = pages});
  }

 private:
  /// False: this kernel has no such call.
  bool by_kernel(const Mapping& mapping) {
    std::array<page_region, 512> regions;
    pm_scan_arg scan = scan_of(mapping, regions, pages_a_scan);
    if (kernel_tells_guards()) scan.return_mask |= page_is_guard;
    while (scan.start < mapping.end) {
      const int count = ::ioctl(pagemap_.get(), PAGEMAP_SCAN, &scan);
      if (count < 0 && errno == ENOTTY) return false;
      check("PAGEMAP_SCAN", count, path_);
      for (const page_region& region : std::span(regions).first(static_cast<size_t>(count)))
        if (!is_guard(region.categories & page_is_guard))
          add(region.start, (region.end - region.start) / page_size);
      if (scan.walk_end <= scan.start) throw SystemError(EIO, "PAGEMAP_SCAN", path_);
      scan.start = scan.walk_end;
    }
    return true;
  }

  void by_entry(const Mapping& mapping) {
    std::vector<uint64_t> entries(8192);
    for (uint64_t at = mapping.start; at < mapping.end;) {
      const size_t count =
          read_entries(pagemap_.get(), {.start = at, .end = mapping.end}, entries, path_);
      for (const uint64_t entry : std::span(entries).first(count)) {
        if (!is_guard(entry & entry_guard) && is_there(entry)) add(at, 1);
        at += page_size;
      }
    }
  }

  bool is_guard(uint64_t bit) {
    guards = guards || bit != 0;
    return bit != 0;
  }

  std::string path_;
  UniqueFd pagemap_;
};

/// What of a mapping was seen, in long runs.
std::vector<PageRange> long_runs_in(const Mapping& mapping, const std::vector<PageRange>& seen) {
  std::vector<PageRange> runs;
  auto run = std::ranges::upper_bound(seen, mapping.start, {}, end_of);
  for (; run != seen.end() && run->start < mapping.end; ++run) {
    const uint64_t start = std::max(run->start, mapping.start);
    const uint64_t end = std::min(end_of(*run), mapping.end);
    const PageRange part{.start = start, .pages = (end - start) / page_size};
    if (is_long(part)) runs.push_back(part);
  }
  return runs;
}

}  // namespace

bool kernel_tells_guards() {
  static const bool tells = [] {
    const UniqueFd pagemap(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
    pm_scan_arg scan{};
    scan.size = sizeof scan;
    scan.category_mask = page_is_guard;
    return ::ioctl(pagemap.get(), PAGEMAP_SCAN, &scan) == 0;  // of no page at all
  }();
  return tells;
}

bool kernel_hides_guards() {
  static const bool hides = [] {
    if (kernel_tells_guards()) return false;
    void* const page =
        ::mmap(nullptr, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return false;
    const bool has_guards = ::madvise(page, page_size, guard_install) == 0;
    ::munmap(page, page_size);
    return has_guards;
  }();
  return hides;
}

bool can_be_lazy(const SmapsEntry& mapping) {
  std::istringstream words{std::string(mapping.line)};
  std::string range, rights, offset, device, inode, name;
  words >> range >> rights >> offset >> device >> inode >> name;
  const bool anonymous = inode == "0" && (name.empty() || name == "[heap]" || name == "[stack]" ||
                                          name.starts_with("[anon:"));
  return !is_shared(mapping) && anonymous && !mapping.flags.contains("lo");
}

std::vector<Mapping> lazy_mappings_in(std::string_view smaps) {
  std::vector<Mapping> mappings;
  for (const SmapsEntry& entry : parse_smaps(smaps))
    if (can_be_lazy(entry)) mappings.push_back(entry.range);
  return mappings;
}

std::vector<Mapping> lazy_mappings(pid_t process) {
  // Only the longer file tells what is locked; for it the kernel looks at every page.
  const char* const file = has_locked_memory(process) ? "smaps" : "maps";
  return lazy_mappings_in(read_file(of(process, file)).value_or(""));
}

SeenPages see_pages(pid_t process, const std::vector<Mapping>& mappings) {
  Scanner scanner(process);
  for (const Mapping& mapping : mappings) scanner.scan(mapping, PageScan::by_kernel);
  return {.runs = std::move(scanner.found), .guards = scanner.guards};
}

bool is_long(const PageRange& run) {
  return run.pages >= long_run;
}

std::vector<PageRange> pages_in(pid_t process, const std::vector<Mapping>& mappings,
                                const std::vector<PageRange>& seen, PageScan way) {
  Scanner scanner(process);
  for (const Mapping& mapping : mappings) {
    uint64_t at = mapping.start;
    for (const PageRange& run : long_runs_in(mapping, seen)) {
      if (at < run.start) scanner.scan({.start = at, .end = run.start}, way);
      scanner.add(run.start, run.pages);
      at = end_of(run);
    }
    if (at < mapping.end) scanner.scan({.start = at, .end = mapping.end}, way);
  }
  return std::move(scanner.found);
}

PageFinder::PageFinder(pid_t process, PageScan way)
    : path_(of(process, "pagemap")), pagemap_(open_pagemap(path_)), way_(way) {}

std::optional<uint64_t> PageFinder::first_in(const Mapping& part) const {
  if (way_ == PageScan::by_entry) return first_by_entry(part);
  page_region region{};
  pm_scan_arg scan = scan_of(part, {&region, 1}, 1);
  if (kernel_tells_guards()) {
    scan.category_mask |= page_is_guard;
    scan.category_inverted |= page_is_guard;
  }
  const int count = ::ioctl(pagemap_.get(), PAGEMAP_SCAN, &scan);
  if (count < 0 && errno == ENOTTY) return first_by_entry(part);
  check("PAGEMAP_SCAN", count, path_);
  return count == 0 ? std::nullopt : std::optional(region.start);
}

std::optional<uint64_t> PageFinder::first_by_entry(const Mapping& part) const {
  std::array<uint64_t, 512> entries;
  for (uint64_t at = part.start; at < part.end;) {
    const size_t count =
        read_entries(pagemap_.get(), {.start = at, .end = part.end}, entries, path_);
    for (const uint64_t entry : std::span(entries).first(count)) {
      if ((entry & entry_guard) == 0 && is_there(entry)) return at;
      at += page_size;
    }
  }
  return std::nullopt;
}

bool has_page(pid_t process, uint64_t address) {
  return PageFinder(process).first_in({.start = address, .end = address + page_size}).has_value();
}

}  // namespace wayferry
