// SPDX-License-Identifier: MIT
#include "criu/preload.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "util/error.h"
#include "util/io.h"
#include "util/unique_fd.h"

namespace wayferry {
namespace {

// From the folder of our programs.
constexpr const char* libraries = "../lib/wayferry";

bool inet_sockets_answer() {
  const UniqueFd socket(check("socket", ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)));
  int value = 0;
  socklen_t length = sizeof value;
  return ::getsockopt(socket.get(), SOL_SOCKET, SO_PASSCRED, &value, &length) == 0 ||
         errno != EOPNOTSUPP;
}

std::string installed(const char* library) {
  const Path programs = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  const Path path = (programs / libraries / library).lexically_normal();
  if (std::filesystem::exists(path)) return path.native();
  throw Failure("", "CRIU needs " + path.native() + " for this, and it is not there",
                "install wayferry completely");
}

}  // namespace

std::string dump_preload(bool lazy) {
  std::string names;
  if (!inet_sockets_answer()) names = installed("criu-sockets.so");
  if (lazy) names += (names.empty() ? "" : ":") + installed("criu-pages.so");
  return names;
}

}  // namespace wayferry
