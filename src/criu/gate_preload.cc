// SPDX-License-Identifier: MIT
//
// What gate.h tells of: this is loaded into CRIU, and into the programs that start it. It knows
// nothing of wayferry, and needs no library but the C one. CRIU reads its request from who started
// it in two steps, first its length, then itself (recv_criu_msg() in its cr-service.c).

#include "criu/gate.h"

#include <dlfcn.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

namespace {

// The first field of a request, its type, and the types of a dump and a restore (images/rpc.proto).
constexpr std::string_view dump_request("\x08\x01", 2);
constexpr std::string_view restore_request("\x08\x02", 2);

bool in_criu() {
  return std::string_view(::program_invocation_short_name) == "criu";
}

/// Whether we may go on. Not if nobody is there any more to say so. `keeps` the socket for as long
/// as this process lives.
bool pass_gate(const char* path, bool keeps) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  const size_t length = std::strlen(path);
  if (length >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path, length);
  const int gate = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (gate < 0 || ::connect(gate, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    return false;
  char byte = 0;
  ssize_t got = 0;
  do {
    got = ::read(gate, &byte, 1);
  } while (got < 0 && errno == EINTR);
  if (!keeps) ::close(gate);
  return got == 1;
}

}  // namespace

extern "C" ssize_t recv(int socket, void* buffer, size_t size, int flags) {
  static const auto below = reinterpret_cast<decltype(&recv)>(::dlsym(RTLD_NEXT, "recv"));
  const ssize_t result = below(socket, buffer, size, flags);
  const std::string_view head(static_cast<const char*>(buffer), result >= 2 && size >= 2 ? 2 : 0);
  const bool waits =
      (flags & MSG_PEEK) == 0 && in_criu() && (head == dump_request || head == restore_request);
  // Once, also for CRIU's children: what else they receive may begin like a request.
  static bool asked = false;
  const bool first = waits && !std::exchange(asked, true);
  const char* const path = first ? ::getenv(wayferry::gate_variable) : nullptr;
  if (path && !pass_gate(path, head == dump_request)) ::_exit(EXIT_FAILURE);
  return result;
}
