// SPDX-License-Identifier: MIT
#include "engine/namespaces.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <functional>

#include "engine/cgroup.h"
#include "engine/folders.h"
#include "util/error.h"

namespace wayferry {
namespace {

void loopback_up() {
  const UniqueFd control(check("socket", ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)));
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  check("ioctl SIOCSIFFLAGS lo", ::ioctl(control.get(), SIOCSIFFLAGS, &request));
}

void keep_namespace(const char* kind, const Path& file) {
  const std::string ours = std::string("/proc/self/ns/") + kind;
  check("mount --bind", ::mount(ours.c_str(), file.c_str(), nullptr, MS_BIND, nullptr),
        file.native());
}

void build(const NamespaceFiles& files, const std::string& container) {
  check("unshare network", ::unshare(CLONE_NEWNET));
  loopback_up();
  keep_namespace("net", files.network);
  enter_cgroups(container);  // its root is where its maker stands
  check("unshare cgroup", ::unshare(CLONE_NEWCGROUP));
  keep_namespace("cgroup", files.cgroup);
}

// In a process of its own: a namespace belongs to who unshares it.
void in_child(const std::function<void()>& work) {
  const pid_t child = check("fork", ::fork());
  if (child == 0) {
    int status = 0;
    try {
      work();
    } catch (const std::exception& error) {
      (void)!::write(2, error.what(), std::strlen(error.what()));
      status = 1;
    }
    ::_exit(status);
  }
  int status = 0;
  check("waitpid", ::waitpid(child, &status, 0));
  if (status != 0) throw Failure("", "the container's namespaces could not be made (see above)");
}

}  // namespace

void make_namespaces(const NamespaceFiles& files, const std::string& container) {
  for (const Path& file : {files.network, files.cgroup})
    const UniqueFd made(
        check("open", ::open(file.c_str(), O_CREAT | O_RDONLY | O_CLOEXEC, 0600), file.native()));
  in_child([&] { build(files, container); });
}

void remove_namespaces(const NamespaceFiles& files) {
  for (const Path& file : {files.network, files.cgroup}) {
    unmount_all(file);
    std::filesystem::remove(file);
  }
}

std::vector<std::string> inside_network(const NamespaceFiles& files) {
  return {"nsenter", "--net=" + files.network.native(), "--"};
}

std::vector<std::string> inside_both(const NamespaceFiles& files) {
  return {"nsenter", "--net=" + files.network.native(), "--cgroup=" + files.cgroup.native(), "--"};
}

}  // namespace wayferry
