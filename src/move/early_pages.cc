// SPDX-License-Identifier: MIT
#include "move/early_pages.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <sstream>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "criu/pagemap.h"
#include "move/link.h"
#include "util/error.h"

namespace wayferry {

EarlyPages::Hash EarlyPages::hash_of(Bytes page) {
  const XXH128_hash_t hash = XXH3_128bits(page.data(), page.size());
  return {hash.low64, hash.high64};
}

void EarlyPages::add(Bytes pages) {
  CHECK(pages.size() % page_size == 0);
  for (; !pages.empty(); pages = pages.subspan(page_size))
    numbers_.try_emplace(hash_of(pages.first(page_size)), count_++);
}

std::optional<uint32_t> EarlyPages::find(Bytes page) const {
  const auto known = numbers_.find(hash_of(page));
  if (known == numbers_.end()) return std::nullopt;
  return known->second;
}

EarlyStore::EarlyStore(const Path& folder)
    : file_(check("open", ::open(folder.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600),
                  folder.native())) {}

void EarlyStore::add(Bytes pages) {
  if (pages.size() % page_size != 0) throw ProtocolError("early pages", "a part of a page");
  write_all(file_.get(), pages);
  pages_ += pages.size() / page_size;
}

void EarlyStore::read(uint64_t first, std::span<std::byte> into) const {
  if (first > pages_ || into.size() / page_size > pages_ - first)
    throw ProtocolError("early pages", "a page that was never sent");
  for (auto at = static_cast<off_t>(first * page_size); !into.empty();) {
    const ssize_t n = check("pread", ::pread(file_.get(), into.data(), into.size(), at));
    at += n;
    into = into.subspan(static_cast<size_t>(n));
  }
}

namespace {

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

}  // namespace

void for_each_shared_piece(const std::vector<pid_t>& processes,
                           const std::function<void(Bytes piece)>& show) {
  std::set<std::pair<dev_t, ino_t>> seen;
  for (const pid_t process : processes) {
    const std::string folder = "/proc/" + std::to_string(process);
    std::istringstream maps(read_file(folder + "/maps").value_or(""));
    for (std::string line; std::getline(maps, line);) {
      std::istringstream words(line);
      std::string range, rights, offset, device, inode, path;
      words >> range >> rights >> offset >> device >> inode >> path;
      // Shared and without a name in a file system: memfd, shm_open, MAP_SHARED without a file.
      const bool nameless = path.starts_with("/memfd:") || line.ends_with(" (deleted)");
      if (rights.size() < 4 || rights[3] != 's' || !nameless) continue;
      const UniqueFd file(::open((folder + "/map_files/" + range).c_str(), O_RDONLY | O_CLOEXEC));
      struct stat status{};
      if (!file || ::fstat(file.get(), &status) != 0) continue;  // unmapped meanwhile
      if (seen.emplace(status.st_dev, status.st_ino).second) show_file(file.get(), show);
    }
  }
}

}  // namespace wayferry
