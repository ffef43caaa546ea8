// SPDX-License-Identifier: MIT
#include "criu/preload.h"

#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "criu/process_memory.h"
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

bool limits_are_secret(pid_t process) {
  rlimit limit{};
  return ::prlimit(process, RLIMIT_CPU, nullptr, &limit) != 0 && errno == EPERM;
}

std::string installed(const char* library) {
  const Path programs = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  const Path path = (programs / libraries / library).lexically_normal();
  if (std::filesystem::exists(path)) return path.native();
  throw Failure("", "CRIU needs " + path.native() + " for this, and it is not there",
                "install wayferry completely");
}

}  // namespace

std::string restore_preload() {
  return installed("criu-gate.so");
}

std::string dump_preload(const std::vector<pid_t>& processes, bool lazy) {
  std::string names = installed("criu-gate.so");
  const auto add = [&names](const char* library) { names += ":" + installed(library); };
  if (!inet_sockets_answer()) add("criu-sockets.so");
  if (std::ranges::any_of(processes, limits_are_secret)) add("criu-limits.so");
  if (lazy || kernel_tells_guards()) add("criu-pages.so");
  return names;
}

}  // namespace wayferry
