// SPDX-License-Identifier: MIT
#include "move/page_login.h"

#include <signal.h>
#include <unistd.h>

#include "move/page_place.h"
#include "util/heap.h"
#include "util/priority.h"

namespace wayferry {
namespace {

using Clock = std::chrono::steady_clock;

// ssh listens a moment after its socket has a name, so there is no event to wait for.
constexpr std::chrono::milliseconds look_again{2};

}  // namespace

Urgency urgency_of(ChannelKind kind) {
  return kind == ChannelKind::faults ? Urgency::first : Urgency::background;
}

PageLogin::PageLogin(const PageAddress& address, ChannelKind kind, Path here, Path door,
                     const SharedSsh* shared)
    : kind_(kind), here_(std::move(here)), door_(std::move(door)) {
  ::unlink(here_.c_str());
  const auto command = shared ? ssh_asking_to_listen(shared->control, address.host, here_, door_)
                              : ssh_between_sockets(address.host, here_, door_, urgency_of(kind));
  ssh_ = spawn(command,
               {.environment = keeping_freed_memory(), .new_session = true, .ends_with_us = true});
  if (!shared) hurry_.emplace(ssh_);
}

PageLogin::~PageLogin() {
  kill();
  ::unlink(here_.c_str());
}

std::optional<UniqueFd> PageLogin::connect() {
  const auto end = Clock::now() + login_limit;
  auto connection = connect_unix(here_);
  bool ended = false;  // that of a shared one has done its work then
  while (!connection && !ended && Clock::now() < end) {
    ended = wait_readable(ssh_.pidfd(), look_again);
    connection = connect_unix(here_);
  }
  if (kind_ == ChannelKind::bulk) let_others_first(ssh_.pid());
  return connection;
}

// Without a command ssh waits for nobody: whoever stands between us and it (WAYFERRY_SSH) must not
// leave it behind.
void PageLogin::kill() const {
  ::kill(-ssh_.pid(), SIGKILL);  // a session of its own
}

PageLogins::PageLogins(const PageAddress& address, const SessionFolders& folders, const Path& door,
                       const SharedSsh* shared) {
  const auto login = [&](ChannelKind kind, const SharedSsh* over) {
    const Path here = page_login(folders, address.move_id, kind);
    return std::make_unique<PageLogin>(address, kind, here, door, over);
  };
  faults = login(ChannelKind::faults, shared);
  bulk = login(ChannelKind::bulk, nullptr);
}

}  // namespace wayferry
