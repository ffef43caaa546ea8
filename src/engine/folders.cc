// SPDX-License-Identifier: MIT
#include "engine/folders.h"

#include <sys/mount.h>
#include <sys/stat.h>

#include <ranges>
#include <sstream>
#include <vector>

#include "util/error.h"

namespace wayferry {

void make_folder(const Path& path, mode_t mode) {
  check("mkdir", ::mkdir(path.c_str(), mode), path.native());
  check("chmod", ::chmod(path.c_str(), mode), path.native());
}

void make_folders(const Path& below, std::span<const Folder> folders) {
  for (const Folder& folder : folders) make_folder(below / folder.path, folder.mode);
}

void unmount_all(const Path& place) {
  while (::umount2(place.c_str(), MNT_DETACH) == 0) continue;
  if (errno != EINVAL && errno != ENOENT) throw SystemError(errno, "umount", place.native());
}

// One line a mount, the later ones upon those before (proc_pid_mounts(5)).
void unmount_below(const Path& folder) {
  std::istringstream mounts(read_file("/proc/self/mounts").value_or(""));
  std::vector<std::string> below;
  std::string device, place, rest;
  while (mounts >> device >> place && std::getline(mounts, rest))
    if (place.starts_with(folder.native() + "/")) below.push_back(place);
  for (const std::string& mounted : std::views::reverse(below)) unmount_all(mounted);
}

}  // namespace wayferry
