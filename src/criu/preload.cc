// SPDX-License-Identifier: MIT
#include "criu/preload.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "util/error.h"
#include "util/unique_fd.h"

namespace wayferry {
namespace {

// From the folder of our programs.
constexpr const char* library = "../lib/wayferry/criu-sockets.so";

bool inet_sockets_answer() {
  const UniqueFd socket(check("socket", ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)));
  int value = 0;
  socklen_t length = sizeof value;
  return ::getsockopt(socket.get(), SOL_SOCKET, SO_PASSCRED, &value, &length) == 0 ||
         errno != EOPNOTSUPP;
}

}  // namespace

std::optional<Path> dump_preload() {
  if (inet_sockets_answer()) return std::nullopt;
  const Path path =
      (std::filesystem::read_symlink("/proc/self/exe").parent_path() / library).lexically_normal();
  if (std::filesystem::exists(path)) return path;
  throw Failure("", "CRIU needs " + path.native() + " on this kernel, and it is not there",
                "install wayferry completely");
}

}  // namespace wayferry
