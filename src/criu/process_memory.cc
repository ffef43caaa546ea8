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

/// A line of /proc/PID/maps, if it says what can be lazy.
std::optional<Mapping> lazy_mapping(const std::string& line) {
  std::istringstream words(line);
  Mapping mapping;
  char dash = 0;
  std::string rights, offset, device, inode, name;
  words >> std::hex >> mapping.start >> dash >> mapping.end >> rights >> offset >> device >> inode;
  words >> name;
  const bool anonymous = inode == "0" && (name.empty() || name == "[heap]" || name == "[stack]" ||
                                          name.starts_with("[anon:"));
  if (!rights.ends_with('p') || !anonymous) return std::nullopt;
  return mapping;
}

constexpr uint64_t wanted_of_any = PAGE_IS_PRESENT | PAGE_IS_SWAPPED;
constexpr uint64_t unwanted = PAGE_IS_PFNZERO | PAGE_IS_FILE;

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
    scan.vec = reinterpret_cast<uintptr_t>(regions.data());
    scan.vec_len = regions.size();
    scan.category_mask = scan.category_inverted = unwanted;
    scan.category_anyof_mask = scan.return_mask = wanted_of_any;
    while (scan.start < scan.end) {
      const int count = ::ioctl(pagemap_.get(), PAGEMAP_SCAN, &scan);
      if (count < 0 && errno == ENOTTY) return false;
      check("PAGEMAP_SCAN", count, path_);
      for (const page_region& region : std::span(regions).first(static_cast<size_t>(count)))
        add(region.start, (region.end - region.start) / page_size);
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

std::vector<Mapping> lazy_mappings(pid_t process) {
  constexpr std::string_view flags = "VmFlags:";
  // Only the longer file tells what is locked; for it the kernel looks at every page.
  const bool locked = has_locked_memory(process);
  std::istringstream lines(read_file(of(process, locked ? "smaps" : "maps")).value_or(""));
  std::vector<Mapping> mappings;
  bool counts = false;
  for (std::string line; std::getline(lines, line);) {
    const size_t head = line.find_first_of(" -:");
    if (head != line.npos && line[head] == '-') {
      const auto mapping = lazy_mapping(line);
      counts = mapping.has_value();
      if (counts) mappings.push_back(*mapping);
    } else if (counts && line.starts_with(flags) && line.contains(" lo")) {
      mappings.pop_back();
    }
  }
  return mappings;
}

std::vector<PageRange> pages_in(pid_t process, const std::vector<Mapping>& mappings, PageScan way) {
  Scanner scanner(process);
  for (const Mapping& mapping : mappings)
    if (way == PageScan::by_entry || !scanner.by_kernel(mapping)) scanner.by_entry(mapping);
  return std::move(scanner.found);
}

}  // namespace wayferry
