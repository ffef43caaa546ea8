// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "pages/page_door.h"
#include "util/process.h"

// (source) One page connection: an ssh connection of its own, because whatever shares one waits for
// whatever else is in it. It leads to the socket at which the target takes pages in, if sshd may
// connect to that, as it does by default (AllowStreamLocalForwarding in sshd_config(5); `ssh -W` to
// a socket came with OpenSSH 9.4): a session's command has pipes, which take a page at a time. Else
// to `wayferry receive --pages`.

namespace wayferry {

/// The target needs no pages of this move any more: it has all, or the app has ended.
class NothingWanted : public Failure {
 public:
  using Failure::Failure;
};

/// Which move's pages, and where to.
struct PageAddress {
  std::string host;
  std::string session;
  std::string move_id;
};

class PageLink {
 public:
  /// `door`: the target's socket for pages, if it is known. Throws Failure if the target cannot be
  /// reached; NothingWanted.
  PageLink(const PageAddress& address, ChannelKind kind, const std::string& door);

  /// What was sent before still arrives, unless the connection hangs.
  ~PageLink();
  PageLink(const PageLink&) = delete;
  PageLink& operator=(const PageLink&) = delete;

  Channel& channel() { return *channel_; }
  /// Ends the connection, so that whoever waits in it fails. From any thread.
  void cut();

 private:
  /// The answer; channel_ is there if it is the right one.
  std::string connect(ChannelKind kind, const std::vector<std::string>& command);

  Child ssh_;
  std::unique_ptr<Channel> channel_;
};

}  // namespace wayferry
