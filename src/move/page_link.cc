// SPDX-License-Identifier: MIT
#include "move/page_link.h"

#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include "move/ssh.h"
#include "util/io.h"
#include "util/priority.h"

namespace wayferry {

PageLink::PageLink(const PageAddress& address, ChannelKind kind, const std::string& door) {
  const Urgency urgency = kind == ChannelKind::faults ? Urgency::first : Urgency::background;
  if (!door.empty()) {
    const std::string answer = connect(kind, ssh_to_socket(address.host, door, urgency));
    if (channel_) return;
    spdlog::info("no way for pages to {} on {} itself: {}", door, address.host, answer);
  }
  const std::string answer = connect(kind, ssh_command(address.host,
                                                       {"wayferry", "receive", "--pages",
                                                        address.session, "--move", address.move_id},
                                                       urgency));
  if (channel_) return;
  if (answer + "\n" == pages_over_line())
    throw NothingWanted(address.host, "no pages of this move are needed");
  throw Failure(address.host,
                "there is no way for the pages" + (answer.empty() ? "" : ": it says " + answer));
}

std::string PageLink::connect(ChannelKind kind, const std::vector<std::string>& command) {
  auto [child_in, to_child] = socket_pair();  // ssh.cc tells why
  auto [from_child, child_out] = make_pipe();
  ssh_ = spawn(command, {.fds = {{0, child_in.get()}, {1, child_out.get()}}, .new_session = true});
  child_in.reset();
  child_out.reset();
  if (kind == ChannelKind::bulk) let_others_first(ssh_.pid());
  // If ssh has ended, there is no greeting.
  ::send(to_child.get(), &kind, sizeof kind, MSG_NOSIGNAL);
  std::string answer = read_line(from_child.get());
  if (answer + "\n" == page_greeting_line())
    channel_ = std::make_unique<Channel>(std::move(from_child), std::move(to_child));
  return answer;
}

PageLink::~PageLink() {
  channel_.reset();
  // ssh ends when it has delivered everything and the other side has let go.
  if (ssh_.pid() > 0) wait_readable(ssh_.pidfd(), std::chrono::seconds(2));
}

void PageLink::cut() {
  ::kill(ssh_.pid(), SIGKILL);
}

}  // namespace wayferry
