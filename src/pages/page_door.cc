// SPDX-License-Identifier: MIT
#include "pages/page_door.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "pages/descriptors.h"
#include "util/priority.h"
#include "util/process_tree.h"

namespace wayferry {
namespace {

// A move has two connections, and may have two more that replace them.
constexpr size_t most_strangers = 8;

/// sshd's process of this connection carries bulk data only, and must not be in the way of what an
/// app waits for.
void let_others_before_sshd(pid_t process) {
  const auto name = read_file("/proc/" + std::to_string(process) + "/comm");
  if (name.value_or("").starts_with("sshd")) let_others_first(process);
}

void wait_also_at(int epoll, int descriptor) {
  epoll_event event{.events = EPOLLIN, .data = {.fd = descriptor}};
  check("epoll_ctl", ::epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event));
}

std::unique_ptr<Visitor> hear(UniqueFd stranger) {
  auto delivery = take_delivery(stranger.get());
  if (!delivery) return nullptr;
  auto visitor = std::make_unique<Visitor>();
  visitor->kind = static_cast<ChannelKind>(delivery->byte);
  if (visitor->kind != ChannelKind::faults && visitor->kind != ChannelKind::bulk) return nullptr;
  auto& descriptors = delivery->descriptors;
  if (descriptors.empty()) {
    const auto peer = hold_peer(stranger.get());
    if (peer && visitor->kind == ChannelKind::bulk) let_others_before_sshd(peer->pid);
    descriptors.push_back(stranger.duplicate());
    descriptors.push_back(std::move(stranger));
  }
  if (descriptors.size() != 2) return nullptr;
  write_all(descriptors[1].get(), page_greeting_line());
  visitor->channel =
      std::make_unique<Channel>(std::move(descriptors[0]), std::move(descriptors[1]));
  visitor->helper = std::move(stranger);
  return visitor;
}

}  // namespace

std::string page_greeting_line() {
  return "WAYFERRY PAGES " + std::to_string(pages_protocol) + "\n";
}

std::string pages_over_line() {
  return "WAYFERRY PAGES over\n";
}

// A door that is opened anew is never away for a moment, which would say that nothing is wanted.
PageDoor::PageDoor(Path path)
    : path_(std::move(path)),
      listener_(listen_unix(path_.native() + ".new")),
      arrivals_(check("epoll_create1", ::epoll_create1(EPOLL_CLOEXEC))) {
  std::filesystem::rename(path_.native() + ".new", path_);
  wait_also_at(fd(), listener_.get());
}

PageDoor::~PageDoor() {
  ::unlink(path_.c_str());
}

void PageDoor::open() {
  UniqueFd stranger(
      check("accept", ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC), path_.native()));
  wait_also_at(fd(), stranger.get());
  if (strangers_.size() == most_strangers) strangers_.erase(strangers_.begin());
  strangers_.push_back(std::move(stranger));
}

std::unique_ptr<Visitor> PageDoor::let_in() {
  epoll_event event{};
  const int ready = ::epoll_wait(fd(), &event, 1, 0);
  if (ready < 0 && errno != EINTR) throw SystemError(errno, "epoll_wait");
  if (ready <= 0) return nullptr;
  if (event.data.fd == listener_.get()) {
    open();
    return nullptr;
  }
  const auto place = std::ranges::find(strangers_, event.data.fd, &UniqueFd::get);
  CHECK(place != strangers_.end());
  UniqueFd stranger = std::move(*place);
  strangers_.erase(place);
  check("epoll_ctl", ::epoll_ctl(fd(), EPOLL_CTL_DEL, stranger.get(), nullptr));
  try {
    return hear(std::move(stranger));
  } catch (const SystemError&) {
    return nullptr;  // gone already
  }
}

void hand_over_channel(const Path& door, int in, int out) {
  const auto socket = connect_unix(door);
  if (!socket) throw Failure("", "no move is waiting for pages here");
  std::byte kind{};
  if (read_full(in, {&kind, 1}) == 0) return;
  if (ChannelKind(kind) == ChannelKind::bulk) let_others_before_sshd(::getppid());
  deliver(socket->get(), static_cast<char>(kind), {in, out});
  read_to_end(socket->get());
}

}  // namespace wayferry
