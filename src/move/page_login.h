// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "move/ssh.h"
#include "pages/page_door.h"
#include "session/store.h"
#include "util/process.h"

// (source) The ways of the page connections, prepared when nothing is known yet but where their
// pages will come in, so that it costs no time of its own: an ssh that makes its connection only
// when asked, at a time when there is a door at the other end. For bulk it is one that logs in at
// once; for faults the move's own, which has nothing to carry while memory follows, as long as that
// is lent: a login takes 40 ms of a processor.

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
  /// need not be there yet. `shared`: none for an ssh of its own, which ends with the thread that
  /// makes this.
  PageLogin(const PageAddress& address, ChannelKind kind, Path here, Path door,
            const SharedSsh* shared = nullptr);
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
  /// `folders`: the session's, here. `shared`: the move's own ssh, if it is.
  PageLogins(const PageAddress& address, const SessionFolders& folders, const Path& door,
             const SharedSsh* shared);

  bool lead_to(const Path& door) const { return faults && faults->door() == door; }

  std::unique_ptr<PageLogin> faults;
  std::unique_ptr<PageLogin> bulk;
};

}  // namespace wayferry
