// SPDX-License-Identifier: MIT
#include "monitor/freeze.h"

#include <sys/stat.h>

#include <map>

#include "monitor/app_sockets.h"
#include "monitor/monitor.h"
#include "monitor/shared_files.h"
#include "util/error.h"

namespace wayferry {
namespace {

using Files = std::vector<std::shared_ptr<PoolFile>>;

std::string name_in_container() {
  return std::string(display_dir_in_container) + "/" + display_name;
}

Files duplicate_all(const std::deque<UniqueFd>& fds) {
  Files files;
  for (const UniqueFd& fd : fds)
    files.push_back(std::make_shared<PoolFile>(PoolFile{fd.duplicate(), {}}));
  return files;
}

// What waits in the relay's queue to the app, behind what the app had not read.
void save_unread(Relay& relay, AppSocket& socket, state::Connection& into, FileList& files) {
  relay.gather_output();
  relay.app().prepend_output(std::move(socket.unread), std::move(socket.unread_fds));
  auto [bytes, fds] = relay.app().take_output();
  into.set_unread_events(bytes);
  for (const auto& file : duplicate_all(fds)) into.add_unread_event_files(files.add(file));
  relay.app().prepend_output(std::move(bytes), std::move(fds));
}

void save_unfinished(Relay& relay, state::Connection& into, FileList& files) {
  const Bytes rest = relay.app().received();
  into.set_unfinished_request(rest.data(), rest.size());
  std::deque<UniqueFd> fds;
  while (relay.app().received_fds() > 0) fds.push_back(relay.app().take_fd());
  for (const auto& file : duplicate_all(fds)) into.add_unfinished_request_files(files.add(file));
  for (UniqueFd& fd : fds) relay.app().add_received_fd(std::move(fd));
}

bool is_regular(const PoolFile& file) {
  struct stat info{};
  check("fstat", ::fstat(file.fd.get(), &info));
  return S_ISREG(info.st_mode);
}

void place_and_save(const Files& files, const std::vector<pid_t>& pids, state::Connection& into) {
  place_files(files, pids);
  for (size_t i = 0; i < files.size(); ++i) {
    state::File& saved = *into.mutable_files(static_cast<int>(i));
    const PoolPlace& place = files[i]->place;
    saved.set_kind(std::to_underlying(place.kind));
    saved.set_pid(place.pid);
    saved.set_start(place.start);
    saved.set_end(place.end);
    // A pipe (a paste under way) has no contents to carry: it arrives empty, and the paste fails.
    if (place.kind == PoolPlace::Kind::contents && is_regular(*files[i]))
      save_contents(*files[i], saved);
  }
}

void save_relay(Relay& relay, AppSocket& socket, const std::vector<pid_t>& pids,
                state::Connection& into) {
  into.set_pid(socket.pid);
  into.set_fd(socket.number);
  FileList files(into);
  save_connection(relay.model(), into, files);
  save_unread(relay, socket, into, files);
  save_unfinished(relay, into, files);
  place_and_save(files.files(), pids, into);
}

FrozenConnection load_relay(const state::Connection& from, const std::map<uint32_t, pid_t>& pids) {
  Files files;
  for (const state::File& file : from.files()) files.push_back(open_file(file, pids));
  const auto named = [&](uint32_t number) {
    if (number < 1 || number > files.size())
      throw ProtocolError("state, connection", "it names a file that is not there");
    return files[number - 1];
  };
  FrozenConnection frozen{.pid = from.pid(), .fd = from.fd()};
  frozen.connection = load_connection(from, files);
  frozen.unread_events = from.unread_events();
  for (const uint32_t file : from.unread_event_files())
    frozen.unread_event_files.push_back(named(file));
  frozen.unfinished_request = from.unfinished_request();
  for (const uint32_t file : from.unfinished_request_files())
    frozen.unfinished_request_files.push_back(named(file));
  return frozen;
}

// Sends tag i through the app's end of connection i; what comes out at our ends says which is
// which.
std::vector<UniqueFd> sort_sockets(const state::Session& session, const std::vector<pid_t>& pids,
                                   std::vector<UniqueFd> sockets) {
  std::vector<UniqueFd> sorted(static_cast<size_t>(session.connections_size()));
  for (int i = 0; i < session.connections_size(); ++i) {
    const state::Connection& connection = session.connections(i);
    send_tag(fetch_socket(pids, connection.pid(), connection.fd()).get(), static_cast<uint32_t>(i));
  }
  for (UniqueFd& socket : sockets) {
    const auto tag = receive_tag(socket.get());
    if (tag && *tag < sorted.size()) sorted[*tag] = std::move(socket);
  }
  for (size_t i = 0; i < sorted.size(); ++i)
    if (!sorted[i])
      throw ProtocolError("connection " + std::to_string(i + 1),
                          "the restored app did not come back to the monitor's socket");
  return sorted;
}

}  // namespace

SealedState seal(const std::vector<Relay*>& relays, const std::vector<pid_t>& pids) {
  auto sockets = find_app_sockets(pids, name_in_container());
  SealedState sealed;
  for (AppSocket& socket : sockets) {
    drain(socket);
    sealed.socket_inodes.push_back(socket.inode);
  }
  for (size_t i = 0; i < relays.size(); ++i)
    send_tag(relays[i]->app().fd(), static_cast<uint32_t>(i));
  state::Session session;
  session.set_format(state_format);
  session.set_program_version(WAYFERRY_VERSION);
  for (AppSocket& socket : sockets) {
    const auto tag = receive_tag(socket.socket.get());
    // A connection that no relay serves was not accepted yet: it has said nothing that was heard.
    if (!tag || *tag >= relays.size()) continue;
    save_relay(*relays[*tag], socket, pids, *session.add_connections());
  }
  session.SerializeToString(&sealed.state);
  return sealed;
}

std::vector<std::unique_ptr<Relay>> unseal(const std::string& state, const std::vector<pid_t>& pids,
                                           std::vector<UniqueFd> sockets) {
  const state::Session session = parse_session(state);
  std::map<uint32_t, pid_t> by_container_pid;
  for (const pid_t pid : pids) by_container_pid.emplace(container_pid(pid), pid);
  auto sorted = sort_sockets(session, pids, std::move(sockets));
  std::vector<std::unique_ptr<Relay>> relays;
  for (int i = 0; i < session.connections_size(); ++i) {
    relays.push_back(std::make_unique<Relay>(std::move(sorted[static_cast<size_t>(i)]),
                                             load_relay(session.connections(i), by_container_pid)));
    relays.back()->hold(true);
  }
  return relays;
}

}  // namespace wayferry
