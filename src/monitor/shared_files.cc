// SPDX-License-Identifier: MIT
#include "monitor/shared_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <sstream>

#include "util/error.h"
#include "util/io.h"

namespace wayferry {
namespace {

using FileKey = std::pair<dev_t, ino_t>;
using Wanted = std::map<FileKey, PoolFile*>;

Path proc(pid_t pid) {
  return "/proc/" + std::to_string(pid);
}

void found(Wanted& wanted, const FileKey& key, const PoolPlace& place) {
  const auto at = wanted.find(key);
  if (at == wanted.end()) return;
  at->second->place = place;
  wanted.erase(at);
}

// Only the inode is compared where /proc/PID/maps is read: it shows a memory file's device in a
// form of its own; map_files then gives the true one.
void look_in_mappings(pid_t pid, Wanted& wanted) {
  std::istringstream maps(read_file(proc(pid) / "maps").value_or(""));
  for (std::string line; std::getline(maps, line);) {
    unsigned long start = 0;
    unsigned long end = 0;
    unsigned long inode = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx %*s %*x %*x:%*x %lu", &start, &end, &inode) != 3)
      continue;
    if (inode == 0) continue;
    char range[64];
    std::snprintf(range, sizeof range, "%lx-%lx", start, end);
    struct stat info{};
    if (::stat((proc(pid) / "map_files" / range).c_str(), &info) == 0)
      found(wanted, {info.st_dev, info.st_ino},
            {PoolPlace::Kind::mapping, container_pid(pid), start, end});
  }
}

void look_in_descriptors(pid_t pid, Wanted& wanted) {
  for (const auto& entry : std::filesystem::directory_iterator(proc(pid) / "fd")) {
    struct stat info{};
    if (::stat(entry.path().c_str(), &info) != 0) continue;  // closed meanwhile
    found(wanted, {info.st_dev, info.st_ino},
          {PoolPlace::Kind::descriptor, container_pid(pid),
           std::stoul(entry.path().filename().native()), 0});
  }
}

UniqueFd memory_file(uint64_t size) {
  UniqueFd fd(check("memfd_create", ::memfd_create("wayferry", MFD_CLOEXEC | MFD_ALLOW_SEALING)));
  check("ftruncate", ::ftruncate(fd.get(), static_cast<off_t>(size)));
  return fd;
}

void read_at(int fd, std::span<char> into, off_t offset) {
  size_t done = 0;
  while (done < into.size()) {
    const ssize_t n = check("pread", ::pread(fd, into.data() + done, into.size() - done,
                                             offset + static_cast<off_t>(done)));
    if (n == 0) break;  // shorter than said: the rest stays zero
    done += static_cast<size_t>(n);
  }
}

void write_at(int fd, std::string_view data, uint64_t offset) {
  while (!data.empty()) {
    const auto n = static_cast<size_t>(
        check("pwrite", ::pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset))));
    data.remove_prefix(n);
    offset += n;
  }
}

UniqueFd open_in_process(const state::File& from, const std::map<uint32_t, pid_t>& pids) {
  const auto pid = pids.find(from.pid());
  if (pid == pids.end())
    throw ProtocolError("state, file", "process " + std::to_string(from.pid()) + " is not there");
  Path path = proc(pid->second);
  if (PoolPlace::Kind{static_cast<uint8_t>(from.kind())} == PoolPlace::Kind::mapping) {
    char range[64];
    std::snprintf(range, sizeof range, "%lx-%lx", from.start(), from.end());
    path = path / "map_files" / range;
  } else {
    path = path / "fd" / std::to_string(from.start());
  }
  return UniqueFd(check("open", ::open(path.c_str(), O_RDWR | O_CLOEXEC), path.native()));
}

}  // namespace

UniqueFd sealed_copy(const UniqueFd& from, size_t size) {
  std::string contents(size, '\0');
  read_at(from.get(), contents, 0);
  UniqueFd copy = memory_file(size);
  write_at(copy.get(), contents, 0);
  check("fcntl F_ADD_SEALS",
        ::fcntl(copy.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL));
  return copy;
}

void place_files(const std::vector<std::shared_ptr<PoolFile>>& files,
                 const std::vector<pid_t>& pids) {
  Wanted wanted;
  for (const auto& file : files) {
    struct stat info{};
    check("fstat", ::fstat(file->fd.get(), &info));
    file->place = {PoolPlace::Kind::contents};
    wanted.emplace(FileKey{info.st_dev, info.st_ino}, file.get());
  }
  for (const pid_t pid : pids) {
    if (wanted.empty()) return;
    look_in_mappings(pid, wanted);
    look_in_descriptors(pid, wanted);
  }
}

void save_contents(const PoolFile& file, state::File& into) {
  struct stat info{};
  check("fstat", ::fstat(file.fd.get(), &info));
  into.set_size(static_cast<uint64_t>(info.st_size));
  off_t end = 0;
  while (true) {
    const off_t start = ::lseek(file.fd.get(), end, SEEK_DATA);
    if (start < 0) return;  // ENXIO: nothing but holes from here on
    end = check("lseek SEEK_HOLE", ::lseek(file.fd.get(), start, SEEK_HOLE));
    state::Segment& segment = *into.add_segments();
    segment.set_offset(static_cast<uint64_t>(start));
    segment.mutable_data()->resize(static_cast<size_t>(end - start));
    read_at(file.fd.get(), *segment.mutable_data(), start);
  }
}

std::shared_ptr<PoolFile> open_file(const state::File& from,
                                    const std::map<uint32_t, pid_t>& pids) {
  auto file = std::make_shared<PoolFile>();
  if (PoolPlace::Kind{static_cast<uint8_t>(from.kind())} != PoolPlace::Kind::contents) {
    file->fd = open_in_process(from, pids);
    return file;
  }
  file->fd = memory_file(from.size());
  for (const state::Segment& segment : from.segments())
    write_at(file->fd.get(), segment.data(), segment.offset());
  return file;
}

uint32_t container_pid(pid_t pid) {
  std::istringstream status(read_file(proc(pid) / "status").value_or(""));
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("NSpid:"))
      return static_cast<uint32_t>(std::stoul(line.substr(line.find_last_of("\t ") + 1)));
  throw SystemError(ESRCH, "read", (proc(pid) / "status").native());
}

}  // namespace wayferry
