// SPDX-License-Identifier: MIT
#include "criu/process_memory.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
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

// Bits of an entry (admin-guide/mm/pagemap in Linux).
constexpr uint64_t entry_present = uint64_t{1} << 63;
constexpr uint64_t entry_swapped = uint64_t{1} << 62;
constexpr uint64_t entry_file = uint64_t{1} << 61;

class Scanner {
 public:
  explicit Scanner(pid_t process)
      : path_(of(process, "pagemap")),
        pagemap_(check("open", ::open(path_.c_str(), O_RDONLY | O_CLOEXEC), path_)) {}

  std::vector<PageRange> found;

  /// False: this kernel has no such call.
  bool by_kernel(const Mapping& mapping) {
    std::array<page_region, 512> regions;
    pm_scan_arg scan{};
    scan.size = sizeof scan;
    scan.start = mapping.start;
    scan.end = mapping.end;
    scan.max_pages = pages_a_scan;
    scan.vec = reinterpret_cast<uintptr_t>(regions.data());
    scan.vec_len = regions.size();
    scan.category_mask = scan.category_inverted = PAGE_IS_PFNZERO;
    scan.category_anyof_mask = scan.return_mask = wanted_of_any;
    while (scan.start < mapping.end) {
      const int count = ::ioctl(pagemap_.get(), PAGEMAP_SCAN, &scan);
      if (count < 0 && errno == ENOTTY) return false;
      check("PAGEMAP_SCAN", count, path_);
      for (const page_region& region : std::span(regions).first(static_cast<size_t>(count)))
        add(region.start, (region.end - region.start) / page_size);
      if (scan.walk_end <= scan.start) throw SystemError(EIO, "PAGEMAP_SCAN", path_);
      scan.start = scan.walk_end;
    }
    return true;
  }

  void by_entry(const Mapping& mapping) {
    std::vector<uint64_t> entries(8192);
    for (uint64_t at = mapping.start; at < mapping.end;) {
      const size_t asked = std::min<uint64_t>(entries.size(), (mapping.end - at) / page_size);
      const auto place = static_cast<off_t>(at / page_size * sizeof(uint64_t));
      const ssize_t bytes = check(
          "pread", ::pread(pagemap_.get(), entries.data(), asked * sizeof(uint64_t), place), path_);
      const size_t count = static_cast<size_t>(bytes) / sizeof(uint64_t);
      if (count == 0) throw SystemError(ESRCH, "pread", path_);
      for (const uint64_t entry : std::span(entries).first(count)) {
        if ((entry & (entry_present | entry_swapped)) != 0 && (entry & entry_file) == 0) add(at, 1);
        at += page_size;
      }
    }
  }

 private:
  // Two regions that differ only in what nobody asked about follow each other.
  void add(uint64_t start, uint64_t pages) {
    if (!found.empty() && found.back().start + found.back().pages * page_size == start)
      found.back().pages += pages;
    else
      found.push_back({.start = start, .pages = pages});
  }

  std::string path_;
  UniqueFd pagemap_;
};

}  // namespace

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

std::vector<PageRange> pages_in(pid_t process, const std::vector<Mapping>& mappings, PageScan way) {
  Scanner scanner(process);
  for (const Mapping& mapping : mappings)
    if (way == PageScan::by_entry || !scanner.by_kernel(mapping)) scanner.by_entry(mapping);
  return std::move(scanner.found);
}

}  // namespace wayferry
