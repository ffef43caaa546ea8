// SPDX-License-Identifier: MIT
#include "move/file_tree.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <time.h>

#include <algorithm>
#include <array>

#include "util/error.h"

namespace wayferry {
namespace {

// File times come from the kernel's tick (1-10 ms); with a wide margin.
constexpr int64_t tick_margin_ns = 100'000'000;

int64_t nanoseconds(const timespec& t) {
  return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

int64_t now_ns() {
  timespec now{};
  check("clock_gettime", ::clock_gettime(CLOCK_REALTIME, &now));
  return nanoseconds(now);
}

void scan(const Path& path, const std::string& relative, int64_t now, FileMarks& marks) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) < 0) {
    if (errno == ENOENT) return;  // the app runs and removed it meanwhile
    throw SystemError(errno, "lstat", path.native());
  }
  const int64_t ctime = nanoseconds(status.st_ctim);
  marks[relative] = {.inode = status.st_ino,
                     .mode = status.st_mode,
                     .size = status.st_size,
                     .mtime_ns = nanoseconds(status.st_mtim),
                     .ctime_ns = ctime,
                     .settled = ctime < now - tick_margin_ns};
  if (!S_ISDIR(status.st_mode)) return;
  std::error_code gone;  // as above
  for (const auto& entry : std::filesystem::directory_iterator(path, gone)) {
    const std::string name = entry.path().filename();
    scan(entry.path(), relative == "." ? name : relative + "/" + name, now, marks);
  }
}

FileMarks scan(const Path& folder) {
  FileMarks marks;
  if (std::filesystem::exists(folder)) scan(folder, ".", now_ns(), marks);
  return marks;
}

// Where a write through a mapping leaves a file's times as they are, or up to a server.
constexpr std::array<long, 6> silent_file_systems{
    TMPFS_MAGIC, RAMFS_MAGIC, NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, CIFS_SUPER_MAGIC, SMB2_SUPER_MAGIC};

bool times_tell_of_mappings(const Path& folder) {
  struct statfs info{};
  if (::statfs(folder.c_str(), &info) < 0) return true;  // nothing is there
  return std::ranges::find(silent_file_systems, info.f_type) == silent_file_systems.end();
}

}  // namespace

bool FileMark::same_file_as(const FileMark& other) const {
  return inode == other.inode && mode == other.mode && size == other.size &&
         mtime_ns == other.mtime_ns && ctime_ns == other.ctime_ns;
}

FileTree::FileTree(Path folder)
    : folder_(std::move(folder)),
      times_tell_(times_tell_of_mappings(folder_)),
      marks_(scan(folder_)) {}

uint64_t FileTree::size() const {
  uint64_t total = 0;
  for (const auto& [path, mark] : marks_) total += static_cast<uint64_t>(mark.size);
  return total;
}

uint64_t FileTree::send(const PieceSink& sink) {
  if (marks_.empty()) return 0;
  TarWriter tar(folder_, sink);
  for (const auto& [path, mark] : marks_)
    if (const auto digest = tar.add(path); digest && !times_tell_) sent_[mark.inode] = *digest;
  tar.finish();
  return tar.bytes();
}

uint64_t FileTree::send(const std::vector<std::string>& paths, const PieceSink& sink) const {
  if (paths.empty()) return 0;
  TarWriter tar(folder_, sink);
  for (const std::string& path : paths) tar.add(path);
  tar.finish();
  return tar.bytes();
}

bool FileTree::contents_changed(const std::string& path, const FileMark& now) const {
  if (times_tell_ || !S_ISREG(now.mode)) return false;
  const auto sent = sent_.find(now.inode);
  if (sent == sent_.end()) return true;
  const std::string file = folder_ / path;
  const UniqueFd fd(check("open", ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW), file));
  return read_contents(fd.get(), file, [](std::string_view) { return true; }) != sent->second;
}

FileChanges FileTree::changes() const {
  const FileMarks after = scan(folder_);
  FileChanges changes;
  for (const auto& [path, mark] : after) {
    const auto old = marks_.find(path);
    if (old == marks_.end() || !old->second.settled || !old->second.same_file_as(mark) ||
        contents_changed(path, mark))
      changes.changed.push_back(path);
  }
  for (const auto& [path, mark] : marks_) {
    const auto now = after.find(path);
    if (now == after.end() || (now->second.mode & S_IFMT) != (mark.mode & S_IFMT))
      changes.removed.push_back(path);
  }
  return changes;
}

}  // namespace wayferry
