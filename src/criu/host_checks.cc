// SPDX-License-Identifier: MIT
#include "criu/host_checks.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <sstream>

#include "criu/features.h"
#include "criu/programs.h"
#include "util/io.h"

namespace wayferry {
namespace {

// Below it CRIU cannot start on kernels since 6.3 ("Unexpected rt vDSO area bounds").
constexpr CriuVersion oldest_criu{.major = 4};

struct Finding {
  bool ok;
  std::string detail;
  const char* cure = nullptr;  // instead of the check's own, where the finding knows better
};

struct Check {
  const char* name;
  Finding (*look)();
  const char* cure;
};

std::optional<std::string> process_status(const std::string& label) {
  std::istringstream lines(read_file("/proc/self/status").value_or(""));
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(label + ":"))
      return line.substr(line.find_first_not_of(" \t", label.size() + 1));
  return std::nullopt;
}

bool has_capability(unsigned number) {
  const auto mask = process_status("CapEff");
  return mask && (std::stoull(*mask, nullptr, 16) >> number & 1) != 0;
}

Finding root() {
  if (::geteuid() != 0) return {false, "user " + std::to_string(::geteuid())};
  if (!has_capability(CAP_SYS_ADMIN)) return {false, "root without CAP_SYS_ADMIN"};
  return {true, "root"};
}

Finding version() {
  const auto installed = installed_criu();
  if (!installed) return {false, "not installed"};
  return {*installed >= oldest_criu, to_string(*installed)};
}

Finding criu_check() {
  if (!find_program("criu")) return {false, "CRIU is not installed"};
  const auto failure = criu_check_failure();
  return {!failure, failure.value_or("looks good")};
}

Finding engine() {
  for (const char* program : {"runc", "crun"})
    if (const auto path = find_program(program)) return {true, path->native()};
  return {false, "neither runc nor crun is installed"};
}

Finding network_tools() {
  return {find_program("nsenter").has_value(), "nsenter"};
}

// Since then userfaultfd says what the process does to its mappings (fork, mremap, munmap); 4.3 has
// the call, but an app that forks while its memory comes could not be followed.
constexpr CriuVersion oldest_kernel{.major = 4, .minor = 11};

Finding kernel_for_lazy() {
  utsname names{};
  ::uname(&names);  // cannot fail with a good pointer
  const std::string release = names.release;
  const auto version = parse_criu_version("Version: " + release);
  return {version && *version >= oldest_kernel, release};
}

Finding userfaultfd() {
  const UniqueFd fd(static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK)));
  if (!fd && errno == EPERM)
    return {
        false, "not for us",
        "sysctl vm.unprivileged_userfaultfd=1, or give wayferry CAP_SYS_PTRACE (only lazy moves "
        "need it)"};
  if (!fd) return {false, std::generic_category().message(errno)};
  uffdio_api api{.api = UFFD_API,
                 .features = UFFD_FEATURE_EVENT_FORK | UFFD_FEATURE_EVENT_REMAP |
                             UFFD_FEATURE_EVENT_REMOVE | UFFD_FEATURE_EVENT_UNMAP};
  if (::ioctl(fd.get(), UFFDIO_API, &api) != 0)
    return {false, "it does not tell us of fork and mremap",
            "give wayferry CAP_SYS_PTRACE (only lazy moves need it)"};
  return {true, "there, with events"};
}

bool of_type(const char* path, decltype(statfs::f_type) type) {
  struct statfs info{};
  return ::statfs(path, &info) == 0 && info.f_type == type;
}

Finding cgroup() {
  const bool version_2 = of_type("/sys/fs/cgroup", CGROUP2_SUPER_MAGIC);
  const char* const folder = version_2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/freezer";
  if (!version_2 && !of_type(folder, CGROUP_SUPER_MAGIC))
    return {false, "no cgroup file system at /sys/fs/cgroup"};
  if (::access(folder, W_OK) != 0) return {false, std::string(folder) + " cannot be written"};
  return {true, version_2 ? "version 2" : "version 1"};
}

Finding overlay() {
  const std::string known = read_file("/proc/filesystems").value_or("");
  if (known.find("\toverlay\n") == known.npos) return {false, "the kernel has no overlay"};
  for (const char* folder : {"/var/lib/wayferry", "/var/lib"})
    if (::access(folder, F_OK) == 0) {
      const bool itself = of_type(folder, OVERLAYFS_SUPER_MAGIC);
      return {!itself, std::string(folder) + (itself ? " lies on an overlay itself" : "")};
    }
  return {false, "there is no /var/lib"};
}

constexpr Check checks[] = {
    {"root", root, "run wayferry as root (on another host: let ssh log in as root)"},
    {"engine", engine, "apt install runc"},
    {"nsenter", network_tools, "apt install util-linux"},
    {"CRIU version", version, "install CRIU 4.0 or newer (Debian 13 has 4.1: apt install criu)"},
    {"criu check", criu_check,
     "use a kernel with CONFIG_CHECKPOINT_RESTORE, outside of any chroot"},
    {"kernel for lazy", kernel_for_lazy, "use a kernel from 4.11 on (only lazy moves need it)"},
    {"userfaultfd", userfaultfd, "use a kernel with CONFIG_USERFAULTFD (only lazy moves need it)"},
    {"cgroup", cgroup, "mount a cgroup file system, version 2 or version 1's freezer"},
    {"overlay", overlay, "modprobe overlay; put /var/lib/wayferry on ext4, xfs, btrfs or tmpfs"},
};

HostCheck look_at(const Check& check) {
  Finding finding = check.look();
  const char* const cure = finding.cure ? finding.cure : check.cure;
  return {.name = check.name,
          .ok = finding.ok,
          .detail = std::move(finding.detail),
          .cure = finding.ok ? "" : cure};
}

}  // namespace

std::vector<HostCheck> check_host() {
  std::vector<HostCheck> results;
  for (const Check& check : checks) results.push_back(look_at(check));
  return results;
}

std::vector<HostCheck> check_for_lazy() {
  std::vector<HostCheck> results;
  for (const Check& check : checks)
    if (check.look == kernel_for_lazy || check.look == userfaultfd)
      results.push_back(look_at(check));
  return results;
}

}  // namespace wayferry
