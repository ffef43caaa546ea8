// SPDX-License-Identifier: MIT
#include "monitor/app_sockets.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>

#include "monitor/shared_files.h"
#include "util/error.h"
#include "wire/channel.h"

namespace wayferry {
namespace {

UniqueFd open_process(pid_t pid) {
  return UniqueFd(static_cast<int>(
      check("pidfd_open", ::syscall(SYS_pidfd_open, pid, 0), std::to_string(pid))));
}

UniqueFd fetch(const UniqueFd& process, int number) {
  return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), number, 0)));
}

std::string peer_name(int socket) {
  sockaddr_un address{};
  socklen_t size = sizeof address;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      address.sun_family != AF_UNIX)
    return {};  // no socket, or not connected
  const size_t length = size - offsetof(sockaddr_un, sun_path);
  return {address.sun_path, ::strnlen(address.sun_path, length)};
}

void look_in_process(pid_t pid, const std::string& name, std::vector<AppSocket>& found) {
  const UniqueFd process = open_process(pid);
  const Path folder = "/proc/" + std::to_string(pid) + "/fd";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    struct stat info{};
    if (::stat(entry.path().c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) continue;
    if (std::ranges::contains(found, info.st_ino, &AppSocket::inode)) continue;
    const int number = std::stoi(entry.path().filename().native());
    UniqueFd socket = fetch(process, number);
    if (!socket || peer_name(socket.get()) != name) continue;
    found.push_back({std::move(socket),
                     info.st_ino,
                     container_pid(pid),
                     static_cast<uint32_t>(number),
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
    UniqueFd socket = fetch(open_process(host_pid), static_cast<int>(number));
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
