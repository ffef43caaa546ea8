// SPDX-License-Identifier: MIT
#include "util/io.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "util/error.h"

namespace wayferry {
namespace {

sockaddr_un unix_address(const Path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path)
    throw SystemError(ENAMETOOLONG, "unix socket address", path.native());
  std::memcpy(address.sun_path, path.c_str(), path.native().size());
  return address;
}

// The last two are said of a process and of a control group that ended between opening and reading.
bool means_absent(int error) {
  return error == ENOENT || error == ENOTDIR || error == ESRCH || error == ENODEV;
}

}  // namespace

void write_all(int fd, Bytes data) {
  while (!data.empty()) {
    const ssize_t n = ::write(fd, data.data(), data.size());
    if (n < 0 && errno == EINTR) continue;
    data = data.subspan(static_cast<size_t>(check("write", n)));
  }
}

void write_all(int fd, std::string_view data) {
  write_all(fd, std::as_bytes(std::span(data)));
}

size_t read_full(int fd, std::span<std::byte> into) {
  size_t done = 0;
  while (done < into.size()) {
    const ssize_t n = ::read(fd, into.data() + done, into.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (check("read", n) == 0) break;
    done += static_cast<size_t>(n);
  }
  return done;
}

std::string read_to_end(int fd) {
  std::string all;
  std::byte block[16384];
  while (const size_t n = read_full(fd, block)) all.append(reinterpret_cast<const char*>(block), n);
  return all;
}

std::optional<std::string> read_file(const Path& path) {
  try {
    const UniqueFd fd(check("open", ::open(path.c_str(), O_RDONLY | O_CLOEXEC)));
    return read_to_end(fd.get());
  } catch (const SystemError& error) {
    if (means_absent(error.error())) return std::nullopt;
    throw SystemError(error.error(), "read", path.native());
  }
}

void write_file(const Path& path, std::string_view contents) {
  const Path temporary = path.native() + ".new";
  UniqueFd fd(check("open",
                    ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600),
                    temporary.native()));
  write_all(fd.get(), contents);
  check("rename", ::rename(temporary.c_str(), path.c_str()), path.native());
}

bool wait_readable(int fd, std::chrono::milliseconds limit) {
  pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
  const auto end = std::chrono::steady_clock::now() + limit;
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    const int ready = ::poll(&entry, 1, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (ready >= 0) return ready > 0;
    if (errno != EINTR) throw SystemError(errno, "poll");
  }
}

std::pair<UniqueFd, UniqueFd> make_pipe() {
  int ends[2];
  check("pipe2", ::pipe2(ends, O_CLOEXEC));
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::pair<UniqueFd, UniqueFd> socket_pair() {
  int ends[2];
  check("socketpair", ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// The kernel doubles what is asked for a socket, for its own needs (socket(7)).
bool make_room(int fd, size_t bytes) {
  const int size = static_cast<int>(bytes);
  if (::fcntl(fd, F_SETPIPE_SZ, size) >= 0) return true;
  if (::setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) == 0) return true;
  int room = 0;
  socklen_t length = sizeof room;
  ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  return ::getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, &length) == 0 && room >= 2 * size;
}

std::optional<UniqueFd> connect_unix(const Path& path) {
  const sockaddr_un address = unix_address(path);
  UniqueFd fd(check("socket", ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return fd;
  if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR) return std::nullopt;
  throw SystemError(errno, "connect", path.native());
}

UniqueFd listen_unix(const Path& path) {
  const sockaddr_un address = unix_address(path);
  UniqueFd fd(check("socket", ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)));
  ::unlink(path.c_str());  // most often there is none; what matters is said by bind
  check("bind", ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
        path.native());
  check("listen", ::listen(fd.get(), 64), path.native());
  return fd;
}

}  // namespace wayferry
