// SPDX-License-Identifier: MIT
#include "move/page_link.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "move/ssh.h"
#include "util/io.h"
#include "util/priority.h"

namespace wayferry {

std::string page_greeting_line() {
  return "WAYFERRY PAGES " + std::to_string(pages_protocol) + "\n";
}

std::string pages_over_line() {
  return "WAYFERRY PAGES over\n";
}

PageLink::PageLink(const PageAddress& address, ChannelKind kind) {
  auto [child_in, to_child] = socket_pair();  // ssh.cc tells why
  auto [from_child, child_out] = make_pipe();
  const std::string channel = kind == ChannelKind::bulk ? "bulk" : "faults";
  ssh_ = spawn(ssh_command(address.host, {"wayferry", "receive", "--pages", address.session,
                                          "--move", address.move_id, "--channel", channel}),
               {.fds = {{0, child_in.get()}, {1, child_out.get()}}, .new_session = true});
  child_in.reset();
  child_out.reset();
  if (kind == ChannelKind::bulk) let_others_first(ssh_.pid());
  const std::string line = read_line(from_child.get());
  if (line + "\n" == pages_over_line())
    throw NothingWanted(address.host, "no pages of this move are needed");
  if (line + "\n" != page_greeting_line())
    throw Failure(address.host,
                  "there is no way for the pages" + (line.empty() ? "" : ": it says " + line));
  channel_ = std::make_unique<Channel>(std::move(from_child), std::move(to_child));
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
