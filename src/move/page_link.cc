// SPDX-License-Identifier: MIT
#include "move/page_link.h"

#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <array>

#include "move/ssh.h"
#include "util/heap.h"
#include "util/io.h"
#include "util/priority.h"

namespace wayferry {
namespace {

// Of an end that hangs.
constexpr std::chrono::seconds end_limit{2};

/// Until the other side has let go: then it has all.
void await_end_of(int connection) {
  std::array<std::byte, 4096> ignored;
  const auto end = std::chrono::steady_clock::now() + end_limit;
  while (wait_readable(connection, end_limit) && std::chrono::steady_clock::now() < end)
    if (::recv(connection, ignored.data(), ignored.size(), MSG_DONTWAIT) <= 0) return;
}

}  // namespace

PageLink::PageLink(const PageAddress& address, ChannelKind kind, std::unique_ptr<PageLogin> login)
    : kind_(kind), login_(std::move(login)) {
  if (login_) {
    const std::string answer = connect_to_door();
    if (channel_) return;
    spdlog::info("no way for pages to {} on {} itself: {}", login_->door().native(), address.host,
                 answer);
    at_door_.reset();
    login_.reset();
  }
  const std::string answer = connect_to_helper(address);
  if (channel_) return;
  if (answer + "\n" == pages_over_line())
    throw NothingWanted(address.host, "no pages of this move are needed");
  throw Failure(address.host,
                "there is no way for the pages" + (answer.empty() ? "" : ": it says " + answer));
}

std::string PageLink::connect_to_door() {
  auto connection = login_->connect();
  if (!connection) return "";
  at_door_ = std::move(*connection);
  try {
    return greet(at_door_.duplicate(), at_door_.duplicate());
  } catch (const SystemError& error) {
    return error.what();  // reset: sshd forwards nothing, and ssh has not read what we said
  }
}

std::string PageLink::connect_to_helper(const PageAddress& address) {
  auto [child_in, to_child] = socket_pair();  // ssh.cc tells why
  auto [from_child, child_out] = make_pipe();
  helper_ = spawn(
      ssh_command(address.host,
                  {"wayferry", "receive", "--pages", address.session, "--move", address.move_id},
                  urgency_of(kind_)),
      {.fds = {{0, child_in.get()}, {1, child_out.get()}},
       .environment = keeping_freed_memory(),
       .new_session = true});
  child_in.reset();
  child_out.reset();
  if (kind_ == ChannelKind::bulk) let_others_first(helper_.pid());
  return greet(std::move(from_child), std::move(to_child));
}

std::string PageLink::greet(UniqueFd in, UniqueFd out) {
  // If ssh has ended, there is no greeting.
  ::send(out.get(), &kind_, sizeof kind_, MSG_NOSIGNAL);
  std::string answer = read_line(in.get());
  if (answer + "\n" == page_greeting_line())
    channel_ = std::make_unique<Channel>(std::move(in), std::move(out));
  return answer;
}

PageLink::~PageLink() {
  channel_.reset();
  if (at_door_) {
    ::shutdown(at_door_.get(), SHUT_WR);
    await_end_of(at_door_.get());
  } else if (helper_.pid() > 0) {
    wait_readable(helper_.pidfd(), end_limit);  // it ends by itself then
  }
}

void PageLink::cut() {
  if (login_) {
    ::shutdown(at_door_.get(), SHUT_RDWR);  // its ssh may be another's, too
    login_->kill();
  } else {
    ::kill(helper_.pid(), SIGKILL);
  }
}

}  // namespace wayferry
