// SPDX-License-Identifier: MIT
#include "engine/run_folder.h"

#include <sys/mount.h>
#include <unistd.h>

#include "engine/folders.h"
#include "util/error.h"

namespace wayferry {
namespace {

constexpr Folder run_folders[] = {
    {"user", 0755}, {"tmp", for_all}, {"shm", for_all}, {"wayferry", 0755}, {"lock", for_all},
};

void make_runtime_folder(const Path& path, const AppUser& user) {
  make_folder(path, 0700);
  check("chown", ::chown(path.c_str(), user.uid, user.gid), path.native());
}

}  // namespace

void mount_run_folder(const Path& place) {
  std::filesystem::create_directories(place);
  check("mount tmpfs",
        ::mount("wayferry", place.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=755"),
        place.native());
}

void fill_run_folder(const Path& place, const AppUser& user) {
  make_folders(place, run_folders);
  make_runtime_folder(place / Path(user.runtime_folder()).lexically_relative("/run"), user);
}

void unmount_run_folder(const Path& place) {
  unmount_all(place);
  std::filesystem::remove(place);
}

}  // namespace wayferry
