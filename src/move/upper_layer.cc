// SPDX-License-Identifier: MIT
#include "move/upper_layer.h"

#include <time.h>

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

void scan(const Path& path, const std::string& relative, int64_t now, LayerMarks& marks) {
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

}  // namespace

bool FileMark::same_file_as(const FileMark& other) const {
  return inode == other.inode && mode == other.mode && size == other.size &&
         mtime_ns == other.mtime_ns && ctime_ns == other.ctime_ns;
}

LayerMarks scan_layer(const Path& upper) {
  LayerMarks marks;
  if (std::filesystem::exists(upper)) scan(upper, ".", now_ns(), marks);
  return marks;
}

LayerChanges changes_between(const LayerMarks& before, const LayerMarks& after) {
  LayerChanges changes;
  for (const auto& [path, mark] : after) {
    const auto old = before.find(path);
    if (old == before.end() || !old->second.settled || !old->second.same_file_as(mark))
      changes.changed.push_back(path);
  }
  for (const auto& [path, mark] : before) {
    const auto now = after.find(path);
    if (now == after.end() || (now->second.mode & S_IFMT) != (mark.mode & S_IFMT))
      changes.removed.push_back(path);
  }
  return changes;
}

uint64_t send_files(const Path& upper, const std::vector<std::string>& paths,
                    const PieceSink& sink) {
  if (paths.empty()) return 0;
  TarWriter tar(upper, sink);
  for (const std::string& path : paths) tar.add(path);
  tar.finish();
  return tar.bytes();
}

std::vector<std::string> all_paths(const LayerMarks& marks) {
  std::vector<std::string> paths;
  for (const auto& [path, mark] : marks) paths.push_back(path);
  return paths;
}

uint64_t total_size(const LayerMarks& marks) {
  uint64_t total = 0;
  for (const auto& [path, mark] : marks) total += static_cast<uint64_t>(mark.size);
  return total;
}

}  // namespace wayferry
