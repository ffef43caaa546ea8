// SPDX-License-Identifier: MIT
#include "move/running_memory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <format>
#include <set>

#include "move/link.h"
#include "pages/frozen_memory.h"
#include "util/error.h"
#include "util/unique_fd.h"

namespace wayferry {
namespace {

// While one is looked through another is under way: there are five programs from one memory to the
// other, and with longer pieces they take turns.
constexpr size_t private_piece = longest_piece / 4;

/// Shows what is filled of one file.
void show_file(int file, const std::function<void(Bytes piece)>& show) {
  std::vector<std::byte> piece(longest_piece);
  for (off_t at = 0; (at = ::lseek(file, at, SEEK_DATA)) >= 0;) {
    const off_t end = ::lseek(file, at, SEEK_HOLE);
    while (at < end) {
      const auto wanted = std::min(static_cast<size_t>(end - at), piece.size());
      const ssize_t n = ::pread(file, piece.data(), wanted, at);
      if (n <= 0) return;  // it has shrunk
      // The last page of a file may be a part of one; in memory the rest is zero.
      const size_t whole = (static_cast<size_t>(n) + page_size - 1) / page_size * page_size;
      std::memset(piece.data() + n, 0, whole - static_cast<size_t>(n));
      show(Bytes(piece).first(whole));
      at += n;
    }
  }
}

enum class Named : bool { no, yes };

// Without a name in a file system: memfd, shm_open, MAP_SHARED without a file.
Named named(std::string_view line) {
  const bool without = line.contains(" /memfd:") || line.ends_with(" (deleted)");
  return without ? Named::no : Named::yes;
}

/// Shows each file that one of these processes has mapped to share it, once.
void for_each_shared_file(const std::vector<pid_t>& processes, Named wanted,
                          const std::function<void(int file)>& show) {
  std::set<std::pair<dev_t, ino_t>> seen;
  for (const pid_t process : processes) {
    const std::string folder = "/proc/" + std::to_string(process);
    const std::string maps = read_file(folder + "/maps").value_or("");
    for (const SmapsEntry& mapping : parse_smaps(maps)) {
      if (!is_shared(mapping) || named(mapping.line) != wanted) continue;
      const std::string path =
          std::format("{}/map_files/{:x}-{:x}", folder, mapping.range.start, mapping.range.end);
      struct stat status{};
      // Unmapped meanwhile; or a device, which to open would do something.
      if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
      const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
      if (file && seen.emplace(status.st_dev, status.st_ino).second) show(file.get());
    }
  }
}

/// A mapping of a process.
struct Region {
  pid_t inner;
  pid_t outer;
  const FrozenMemory* memory;
  Mapping mapping;
};

/// Of those that have not ended.
std::map<pid_t, FrozenMemory> memories_of(const std::map<pid_t, pid_t>& processes) {
  std::map<pid_t, FrozenMemory> memories;
  for (const auto& [inner, outer] : processes) {
    try {
      memories.emplace(inner, std::map{std::pair{inner, outer}});
    } catch (const SystemError&) {
      continue;  // a shell's child, for example, that has ended meanwhile
    }
  }
  return memories;
}

SeenPages pages_of(pid_t process, const std::vector<Mapping>& mappings) {
  try {
    return see_pages(process, mappings);
  } catch (const SystemError&) {
    return {};  // the same
  }
}

/// False: no more is wanted.
bool show_range(const FrozenMemory& memory, pid_t inner, PageRange range, const ShowPrivate& show) {
  static thread_local std::vector<std::byte> piece(private_piece);
  for (uint64_t page = 0; page < range.pages;) {
    const uint64_t count = std::min<uint64_t>(range.pages - page, piece.size() / page_size);
    const uint64_t address = range.start + page * page_size;
    const auto bytes = std::span(piece).first(count * page_size);
    page += count;
    try {
      memory.read(inner, address, bytes);
    } catch (const SystemError&) {
      continue;  // given back meanwhile
    }
    if (!show(inner, address, bytes)) return false;
  }
  return true;
}

}  // namespace

void for_each_shared_piece(const std::vector<pid_t>& processes,
                           const std::function<void(Bytes piece)>& show) {
  for_each_shared_file(processes, Named::no, [&](int file) { show_file(file, show); });
}

void clean_mapped_files(const std::vector<pid_t>& processes) {
  for_each_shared_file(processes, Named::yes, [](int file) {
    // Who cannot be written has nothing dirty.
    if (::fsync(file) < 0 && errno != EROFS && errno != EINVAL)
      throw SystemError(errno, "fsync", "a file that the app has mapped");
  });
}

bool for_each_private_piece(const std::map<pid_t, pid_t>& processes, const ShowPrivate& show) {
  const auto memories = memories_of(processes);
  std::vector<Region> regions;
  for (const auto& [inner, memory] : memories)
    for (const Mapping& mapping : lazy_mappings(processes.at(inner)))
      regions.push_back(
          {.inner = inner, .outer = processes.at(inner), .memory = &memory, .mapping = mapping});
  std::ranges::stable_sort(
      regions, {}, [](const Region& region) { return region.mapping.end - region.mapping.start; });
  for (const Region& region : regions)
    for (const PageRange& range : pages_of(region.outer, {region.mapping}).runs)
      if (!show_range(*region.memory, region.inner, range, show)) return false;
  return true;
}

bool for_each_piece_of(const std::map<pid_t, pid_t>& processes, const std::vector<AppPages>& places,
                       const ShowPrivate& show) {
  const auto memories = memories_of(processes);
  return std::ranges::all_of(places, [&](const AppPages& place) {
    const auto memory = memories.find(place.process);
    return memory == memories.end() || show_range(memory->second, place.process, place.range, show);
  });
}

PagesSeen see_private_pages(const std::vector<pid_t>& processes) {
  PagesSeen seen;
  for (const pid_t process : processes) {
    SeenPages& of_process = seen[process] = pages_of(process, lazy_mappings(process));
    std::erase_if(of_process.runs, [](const PageRange& run) { return !is_long(run); });
  }
  return seen;
}

}  // namespace wayferry
