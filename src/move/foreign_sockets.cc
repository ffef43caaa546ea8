// SPDX-License-Identifier: MIT
#include "move/foreign_sockets.h"

#include <algorithm>
#include <charconv>
#include <format>
#include <map>
#include <ranges>

#include "util/error.h"
#include "util/io.h"
#include "util/process.h"

namespace wayferry {
namespace {

namespace fs = std::filesystem;

// Where the monitor listens, as the app sees it: monitor/monitor.h, which movers do not link.
constexpr std::string_view display_socket = "/run/wayferry/wayland-0";

// ss shows a socket without a name so.
constexpr std::string_view nameless = "*";

// Netid State Recv-Q Send-Q Local-Name Local-Inode Peer-Name Peer-Inode (ss(8), misc/ss.c). It
// never knows the peer's name, which stands in the peer's own line.
enum Column : size_t { local_name = 4, local_inode = 5, peer_inode = 7, columns = 8 };

ino_t number(std::string_view text) {
  ino_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (const auto word : std::views::split(line, ' '))
    if (!word.empty()) words.emplace_back(word.begin(), word.end());
  return words;
}

/// The inodes of a process's sockets.
std::set<ino_t> sockets_of(pid_t process) {
  std::set<ino_t> inodes;
  std::error_code gone;
  for (const auto& entry :
       fs::directory_iterator("/proc/" + std::to_string(process) + "/fd", gone)) {
    const std::string what = fs::read_symlink(entry, gone);
    constexpr std::string_view prefix = "socket:[";
    if (what.starts_with(prefix))
      inodes.insert(number(std::string_view(what).substr(prefix.size())));
  }
  return inodes;
}

std::string ss_in_network_of(pid_t process, const std::vector<std::string>& options) {
  std::vector<std::string> command{"nsenter", std::format("--net=/proc/{}/ns/net", process), "ss"};
  command.insert(command.end(), options.begin(), options.end());
  return run_checked(command);
}

std::string program_of(pid_t process) {
  std::string name = read_file("/proc/" + std::to_string(process) + "/comm").value_or("?\n");
  name.pop_back();
  return name;
}

}  // namespace

std::string to_text(const ForeignSocket& socket) {
  return socket.owner + " to " + (socket.peer.empty() ? "a socket without a name" : socket.peer);
}

std::vector<ForeignSocket> foreign_sockets_of(const std::vector<pid_t>& processes) {
  std::set<ino_t> own;
  std::map<ino_t, pid_t> owners;
  for (const pid_t process : processes)
    for (const ino_t inode : sockets_of(process)) {
      own.insert(inode);
      owners.emplace(inode, process);
    }
  if (own.empty()) return {};
  auto found = foreign_sockets(ss_in_network_of(processes[0], {"-Hxa"}), own);
  for (ForeignSocket& socket : found) {
    const pid_t owner = owners.at(socket.inode);
    socket.owner = std::format("{} (process {})", program_of(owner), owner);
  }
  return found;
}

std::vector<ForeignSocket> foreign_sockets(std::string_view ss_output, const std::set<ino_t>& own) {
  std::map<ino_t, std::string_view> names;
  std::map<ino_t, ino_t> peers;
  for (const auto part : std::views::split(ss_output, '\n')) {
    const auto words = words_of({part.begin(), part.end()});
    if (words.size() < columns) continue;
    const ino_t inode = number(words[local_inode]);
    if (words[local_name] != nameless) names[inode] = words[local_name];
    if (own.contains(inode)) peers[inode] = number(words[peer_inode]);
  }
  std::vector<ForeignSocket> found;
  for (const auto& [inode, peer] : peers)
    if (peer != 0 && !own.contains(peer) && names[peer] != display_socket)
      found.push_back({.inode = inode, .peer = std::string(names[peer])});
  return found;
}

void require_no_foreign_sockets(const std::vector<pid_t>& processes) {
  // The app runs: a connection that it made between the two looks seems to lead outside, once.
  constexpr int looks = 3;
  std::vector<ForeignSocket> found;
  for (int look = 0; look < looks; ++look)
    if ((found = foreign_sockets_of(processes)).empty()) return;
  std::string list;
  for (const ForeignSocket& socket : found) list += (list.empty() ? "" : ", ") + to_text(socket);
  throw Failure("", "the app is connected to what stays behind: " + list,
                "let the app see their end with --close-foreign, or run it without the volume that "
                "leads there");
}

size_t established_connections(pid_t process) {
  const std::string lines = ss_in_network_of(process, {"-Htn", "state", "established"});
  return static_cast<size_t>(std::ranges::count(lines, '\n'));
}

}  // namespace wayferry
