// SPDX-License-Identifier: MIT
#include "monitor/app_sockets.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "monitor/shared_files.h"
#include "util/error.h"
#include "util/peer_sockets.h"
#include "wire/channel.h"

namespace wayferry {
namespace {

UniqueFd open_process(pid_t pid) {
  return UniqueFd(static_cast<int>(
      check("pidfd_open", ::syscall(SYS_pidfd_open, pid, 0), std::to_string(pid))));
}

void look_in_process(pid_t pid, const std::string& name, std::vector<AppSocket>& found) {
  for (FetchedSocket& fetched : fetch_sockets_to(pid, open_process(pid), name)) {
    if (std::ranges::contains(found, fetched.inode, &AppSocket::inode)) continue;
    found.push_back({std::move(fetched.socket),
                     fetched.inode,
                     container_pid(pid),
                     static_cast<uint32_t>(fetched.number),
                     {},
                     {}});
  }
}

}  // namespace

std::vector<AppSocket> find_app_sockets(const std::vector<pid_t>& pids, const std::string& name) {
  std::vector<AppSocket> found;
  for (const pid_t pid : pids) look_in_process(pid, name, found);
  return found;
}

UniqueFd fetch_socket(const std::vector<pid_t>& pids, uint32_t pid, uint32_t number) {
  for (const pid_t host_pid : pids) {
    if (container_pid(host_pid) != pid) continue;
    UniqueFd socket = fetch_descriptor(open_process(host_pid), static_cast<int>(number));
    if (socket) return socket;
  }
  throw ProtocolError("state, connection", "process " + std::to_string(pid) +
                                               " has no descriptor " + std::to_string(number));
}

void drain(AppSocket& socket) {
  WireChannel channel(socket.socket.duplicate());
  while (channel.receive() == WireChannel::Status::open) {
  }
  const Bytes bytes = channel.received();
  socket.unread.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  while (channel.received_fds() > 0) socket.unread_fds.push_back(channel.take_fd());
}

void send_tag(int socket, uint32_t tag) {
  const std::array<uint32_t, 2> words{0, tag};
  const ssize_t n = ::send(socket, words.data(), sizeof words, MSG_DONTWAIT | MSG_NOSIGNAL);
  check("send tag", n);
}

std::optional<uint32_t> receive_tag(int socket) {
  std::array<uint32_t, 2> words{};
  const ssize_t n = ::recv(socket, words.data(), sizeof words, MSG_DONTWAIT);
  if (n != sizeof words || words[0] != 0) return std::nullopt;
  return words[1];
}

}  // namespace wayferry
