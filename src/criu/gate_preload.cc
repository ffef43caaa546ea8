// SPDX-License-Identifier: MIT
//
// What gate.h tells of: this is loaded into CRIU, and into the programs that start it. It knows
// nothing of wayferry, and needs no library but the C one. CRIU reads its request from who started
// it in two steps, first its length, then itself (recv_criu_msg() in its cr-service.c).

#include "criu/gate.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

namespace {

// The first field of a request, its type, and the types of a dump and a restore (images/rpc.proto).
constexpr std::string_view dump_request("\x08\x01", 2);
constexpr std::string_view restore_request("\x08\x02", 2);

// A dumping CRIU's end of the socket; else -1.
int kept = -1;

template <typename Function>
Function below(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

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
  if (keeps)
    kept = gate;
  else
    ::close(gate);
  return got == 1;
}

/// Whether the other end was closed; errno is set for a call that fails for it then.
bool is_to_end() {
  if (kept < 0) return false;
  const int before = errno;
  char byte = 0;
  const bool closed = ::recv(kept, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
  errno = closed ? ECANCELED : before;
  return closed;
}

}  // namespace

extern "C" ssize_t recv(int socket, void* buffer, size_t size, int flags) {
  static const auto real = below<decltype(&recv)>("recv");
  const ssize_t result = real(socket, buffer, size, flags);
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

// Images are made by this, under one of its two names, and large ones filled by the next.

extern "C" int openat64(int folder, const char* path, int flags, ...) {
  static const auto real = below<decltype(&openat64)>("openat64");
  const bool makes = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = makes ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if (makes && is_to_end()) return -1;
  return real(folder, path, flags, mode);
}

extern "C" int openat(int folder, const char* path, int flags, ...)
    __attribute__((alias("openat64")));

extern "C" ssize_t splice(int in, off64_t* in_at, int out, off64_t* out_at, size_t size,
                          unsigned flags) {
  static const auto real = below<decltype(&splice)>("splice");
  return is_to_end() ? -1 : real(in, in_at, out, out_at, size, flags);
}
