// SPDX-License-Identifier: MIT
#include "util/peer_sockets.h"

#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <functional>

#include "util/error.h"
#include "util/process_tree.h"

namespace wayferry {
namespace {

using AddressOf = int (*)(int, sockaddr*, socklen_t*);

/// Empty: no unix socket, or none with a name.
std::string unix_name(int socket, AddressOf address_of) {
  sockaddr_un address{};
  socklen_t size = sizeof address;
  if (address_of(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      address.sun_family != AF_UNIX)
    return {};
  const size_t length = size - offsetof(sockaddr_un, sun_path);
  return {address.sun_path, ::strnlen(address.sun_path, length)};
}

bool is_tcp_connection(int socket) {
  int protocol = 0;
  socklen_t size = sizeof protocol;
  sockaddr_storage peer{};
  socklen_t peer_size = sizeof peer;
  return ::getsockopt(socket, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
         protocol == IPPROTO_TCP &&
         ::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0;
}

std::vector<FetchedSocket> fetch_sockets(pid_t process, const UniqueFd& pidfd,
                                         const std::function<bool(int socket)>& wanted) {
  std::vector<FetchedSocket> found;
  const Path folder = "/proc/" + std::to_string(process) + "/fd";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    struct stat info{};
    if (::stat(entry.path().c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) continue;
    const int number = std::stoi(entry.path().filename().native());
    UniqueFd socket = fetch_descriptor(pidfd, number);
    if (socket && wanted(socket.get())) found.push_back({std::move(socket), info.st_ino, number});
  }
  return found;
}

struct IntOption {
  int level;
  int name;
  int value;
};

/// Whether any of them could be set on any TCP connection of the process.
bool set_on_connections(pid_t process, const UniqueFd& pidfd,
                        std::initializer_list<IntOption> options) {
  try {
    bool set = false;
    for (const FetchedSocket& theirs : fetch_sockets(process, pidfd, is_tcp_connection))
      for (const auto& [level, name, value] : options)
        set |= ::setsockopt(theirs.socket.get(), level, name, &value, sizeof value) == 0;
    return set;
  } catch (const std::filesystem::filesystem_error&) {
    return false;  // it has ended, or we may not look
  }
}

}  // namespace

UniqueFd fetch_descriptor(const UniqueFd& pidfd, int number) {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd.get(), number, 0)));
}

std::vector<FetchedSocket> fetch_sockets_to(pid_t process, const UniqueFd& pidfd,
                                            const std::string& name) {
  const auto wanted = [&](int socket) { return unix_name(socket, ::getpeername) == name; };
  return fetch_sockets(process, pidfd, wanted);
}

bool stop_delays_of(pid_t process, const UniqueFd& pidfd) {
  return set_on_connections(process, pidfd, {{IPPROTO_TCP, TCP_NODELAY, 1}});
}

bool put_first(pid_t process, const UniqueFd& pidfd) {
  // A socket takes that of its own family; one of IPv6 takes both.
  return set_on_connections(
      process, pidfd,
      {{IPPROTO_IP, IP_TOS, IPTOS_LOWDELAY}, {IPPROTO_IPV6, IPV6_TCLASS, IPTOS_LOWDELAY}});
}

bool make_room_at_peer(int socket, size_t bytes) {
  const std::string name = unix_name(socket, ::getsockname);
  if (name.empty()) return false;
  try {
    const auto peer = hold_peer(socket);
    if (!peer) return false;
    bool made = false;
    for (const FetchedSocket& theirs : fetch_sockets_to(peer->pid, peer->pidfd, name))
      made = make_room(theirs.socket.get(), bytes) || made;
    return made;
  } catch (const std::filesystem::filesystem_error&) {
    return false;  // it has ended, or we may not look
  }
}

}  // namespace wayferry
