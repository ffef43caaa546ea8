// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "move/ssh.h"
#include "pages/page_door.h"
#include "session/store.h"
#include "util/process.h"

// (source) The logins for the page connections, which begin when nothing is known yet but where
// their pages will come in, and so cost no time of their own: an ssh that logs in at once, and
// makes its connection only when asked, at a time when there is a door at the other end.

namespace wayferry {

/// Which move's pages, and where to.
struct PageAddress {
  std::string host;
  std::string session;
  std::string move_id;
};

/// How a network sorts what such a channel carries.
Urgency urgency_of(ChannelKind kind);

class PageLogin {
 public:
  /// `here`: where ssh may listen in a folder of ours. `door`: the target's socket for pages, which
  /// need not be there yet. The ssh ends with the thread that makes this.
  PageLogin(const PageAddress& address, ChannelKind kind, Path here, Path door);
  ~PageLogin();
  PageLogin(const PageLogin&) = delete;
  PageLogin& operator=(const PageLogin&) = delete;

  /// Waits for the login. A connection that may lead to the door, which only an answer can tell;
  /// nothing if there is none.
  std::optional<UniqueFd> connect();
  /// From any thread.
  void kill() const;
  const Path& door() const { return door_; }

 private:
  ChannelKind kind_;
  Path here_;
  Path door_;
  Child ssh_;
  std::optional<HurriedLogin> hurry_;
};

/// One for each kind of channel.
struct PageLogins {
  PageLogins() = default;  // none
  /// `folders`: the session's, here.
  PageLogins(const PageAddress& address, const SessionFolders& folders, const Path& door);

  bool lead_to(const Path& door) const { return faults && faults->door() == door; }

  std::unique_ptr<PageLogin> faults;
  std::unique_ptr<PageLogin> bulk;
};

}  // namespace wayferry
