// SPDX-License-Identifier: MIT
#include "engine/network.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "util/error.h"

namespace wayferry {
namespace {

int loopback_up() {
  const UniqueFd control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!control) return errno;
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  return ::ioctl(control.get(), SIOCSIFFLAGS, &request) == 0 ? 0 : errno;
}

// In a process of its own: a namespace belongs to who unshares it. Returns errno.
int build_network(const char* file) {
  if (::unshare(CLONE_NEWNET) != 0) return errno;
  if (const int error = loopback_up()) return error;
  return ::mount("/proc/self/ns/net", file, nullptr, MS_BIND, nullptr) == 0 ? 0 : errno;
}

}  // namespace

void make_network(const Path& file) {
  UniqueFd(check("open", ::open(file.c_str(), O_CREAT | O_RDONLY | O_CLOEXEC, 0600), file.native()))
      .reset();
  const pid_t child = check("fork", ::fork());
  if (child == 0) ::_exit(build_network(file.c_str()));
  int status = 0;
  check("waitpid", ::waitpid(child, &status, 0));
  if (!WIFEXITED(status)) throw Failure("", "the maker of the network namespace was killed");
  if (WEXITSTATUS(status) != 0)
    throw SystemError(WEXITSTATUS(status), "making a network namespace at", file.native());
}

void remove_network(const Path& file) {
  while (::umount2(file.c_str(), MNT_DETACH) == 0) continue;
  if (errno != EINVAL && errno != ENOENT)  // not mounted, or not even there: what was wanted
    throw SystemError(errno, "umount", file.native());
  std::filesystem::remove(file);
}

std::vector<std::string> inside_network(const Path& file, const std::vector<std::string>& command) {
  std::vector<std::string> all{"nsenter", "--net=" + file.native(), "--"};
  all.insert(all.end(), command.begin(), command.end());
  return all;
}

}  // namespace wayferry
