// SPDX-License-Identifier: MIT
#include "engine/root.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>

#include "engine/folders.h"
#include "util/error.h"
#include "util/unique_fd.h"

namespace wayferry {
namespace {

struct Device {
  const char* path;
  unsigned major, minor;
};
struct Link {
  const char* path;
  const char* target;
};

constexpr Folder folders[] = {
    {"dev", 0755},
    {"dev/pts", 0755},
    {"proc", 0555},
    {"run", 0755},
};

// The devices every container engine gives, all harmless.
constexpr Device devices[] = {
    {"dev/null", 1, 3},   {"dev/zero", 1, 5},    {"dev/full", 1, 7},
    {"dev/random", 1, 8}, {"dev/urandom", 1, 9}, {"dev/tty", 5, 0},
};

constexpr Link links[] = {
    {"tmp", "run/tmp"},
    {"dev/shm", "../run/shm"},
    {"dev/ptmx", "pts/ptmx"},
    {"dev/fd", "/proc/self/fd"},
    {"dev/stdin", "/proc/self/fd/0"},
    {"dev/stdout", "/proc/self/fd/1"},
    {"dev/stderr", "/proc/self/fd/2"},
};

// Hides what the base has there: an overlay shows nothing below an opaque folder.
void make_opaque(const Path& folder) {
  check("setxattr", ::setxattr(folder.c_str(), "trusted.overlay.opaque", "y", 1, 0),
        folder.native());
}

void make_skeleton(const Path& root) {
  std::filesystem::remove_all(root);
  make_folder(root, 0755);
  make_folders(root, folders);
  for (const Device& d : devices) {
    const Path path = root / d.path;
    check("mknod", ::mknod(path.c_str(), S_IFCHR | 0666, ::makedev(d.major, d.minor)),
          path.native());
    check("chmod", ::chmod(path.c_str(), 0666), path.native());
  }
  for (const Link& l : links)
    check("symlink", ::symlink(l.target, (root / l.path).c_str()), l.path);
  make_opaque(root / "dev");
  make_opaque(root / "run");
}

bool on_overlay(const Path& path) {
  struct statfs info{};
  check("statfs", ::statfs(path.c_str(), &info), path.native());
  return info.f_type == OVERLAYFS_SUPER_MAGIC;
}

void check_layers(const RootLayers& layers) {
  if (!std::filesystem::is_directory(layers.base / "usr") &&
      !std::filesystem::is_directory(layers.base / "bin"))
    throw Failure("", layers.base.native() + " is not a root file system: it has no usr or bin",
                  "name the folder that holds usr, etc and so on");
  // The kernel shows a mapped file of an overlay upon an overlay as one of the lower overlay, which
  // is mounted nowhere in the container: "Can't lookup mount" in CRIU.
  if (on_overlay(layers.base))
    throw Failure("",
                  layers.base.native() +
                      " lies on an overlay file system, from which a container "
                      "cannot be checkpointed",
                  "use a base directory on a file system of its own (ext4, xfs, btrfs …)");
  if (on_overlay(layers.writable))
    throw Failure("",
                  layers.writable.native() +
                      " lies on an overlay file system, which cannot take "
                      "what the app writes",
                  "put /var/lib/wayferry on a file system of its own (ext4, xfs, tmpfs …)");
}

std::string escaped(const Path& path, std::string_view separators) {
  std::string result;
  for (const char c : path.native()) {
    if (separators.find(c) != separators.npos) result += '\\';
    result += c;
  }
  return result;
}

// openat2(2) because links in the root file system mean places in there.
void own_folder(int root, const Path& folder) {
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT;
  const UniqueFd fd(
      static_cast<int>(::syscall(SYS_openat2, root, folder.c_str(), &how, sizeof how)));
  if (!fd && errno == ENOENT) return;  // whoever makes it makes it in the upper layer
  check("openat2", fd.get(), folder.native());
  struct stat status{};
  check("fstat", ::fstat(fd.get(), &status), folder.native());
  // Any change does it, also one that changes nothing.
  check("fchmod", ::fchmod(fd.get(), status.st_mode & 07777), folder.native());
}

}  // namespace

bool is_common_device(mode_t mode, dev_t device) {
  return S_ISCHR(mode) && std::ranges::any_of(devices, [&](const Device& d) {
           return ::makedev(d.major, d.minor) == device;
         });
}

std::string overlay_options(const RootLayers& layers) {
  return "lowerdir=" + escaped(layers.skeleton, "\\,:") + ":" + escaped(layers.base, "\\,:") +
         ",upperdir=" + escaped(layers.writable / "upper", "\\,") +
         ",workdir=" + escaped(layers.writable / "work", "\\,");
}

void mount_root(const RootLayers& layers) {
  for (const char* part : {"upper", "work"})
    std::filesystem::create_directories(layers.writable / part);
  std::filesystem::create_directories(layers.mount);
  check_layers(layers);
  make_skeleton(layers.skeleton);
  const std::string options = overlay_options(layers);
  check("mount overlay", ::mount("wayferry", layers.mount.c_str(), "overlay", 0, options.c_str()),
        options);
}

void own_folders_above(const std::vector<Path>& places, const Path& mounted_root) {
  const UniqueFd root(check("open", ::open(mounted_root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC),
                            mounted_root.native()));
  for (const Path& place : places)
    for (Path folder = place.relative_path().parent_path(); !folder.empty();
         folder = folder.parent_path())
      own_folder(root.get(), folder);
}

void unmount_root(const RootLayers& layers) {
  unmount_all(layers.mount);
  // Only when empty: a root that is still mounted must not lose its files to us.
  std::filesystem::remove(layers.mount);
  std::filesystem::remove_all(layers.skeleton);
}

}  // namespace wayferry
