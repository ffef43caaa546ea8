// SPDX-License-Identifier: MIT
#include "monitor/display_socket.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "monitor/monitor.h"
#include "util/error.h"
#include "wire/channel.h"

namespace wayferry {
namespace {

// In the child. The folder is mounted over its parent, so it is opened before it is hidden.
void bind_and_send(const Path& path, UniqueFd parent) {
  std::filesystem::create_directories(display_dir_in_container);
  check("unshare", ::unshare(CLONE_NEWNS));
  check("mount", ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr));
  check("mount --bind",
        ::mount(path.parent_path().c_str(), display_dir_in_container, nullptr, MS_BIND, nullptr),
        path.parent_path().native());
  WireChannel channel(std::move(parent));
  channel.queue_fd(listen_unix(Path(display_dir_in_container) / display_name));
  channel.out() = "x";
  channel.flush();
}

}  // namespace

UniqueFd listen_for_app(const Path& path) {
  auto [ours, childs] = socket_pair();
  const pid_t child = check("fork", ::fork());
  if (child == 0) {
    int status = 1;
    try {
      bind_and_send(path, std::move(childs));
      status = 0;
    } catch (const std::exception& error) {
      (void)!::write(2, error.what(), std::strlen(error.what()));
    }
    ::_exit(status);
  }
  childs.reset();
  WireChannel channel(std::move(ours));
  wait_readable(channel.fd(), std::chrono::seconds(10));
  channel.receive();
  ::waitpid(child, nullptr, 0);
  if (channel.received_fds() != 1)
    throw SystemError(EADDRNOTAVAIL, "bind the app's display socket", path.native());
  check("chmod", ::chmod(path.c_str(), 0666), path.native());  // the app may run as any user
  return channel.take_fd();
}

}  // namespace wayferry
