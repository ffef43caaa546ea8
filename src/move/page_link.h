// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "move/page_login.h"
#include "pages/page_door.h"
#include "util/process.h"

// (source) One page connection. The two go over different ssh connections, because whatever shares
// one waits for whatever else is in it. It leads to the socket at which the target takes pages in,
// if sshd may connect to that, as it does by default (AllowStreamLocalForwarding in
// sshd_config(5)): a session's command has pipes, which take a page at a time. Else to `wayferry
// receive --pages`.

namespace wayferry {

/// The target needs no pages of this move any more: it has all, or the app has ended.
class NothingWanted : public Failure {
 public:
  using Failure::Failure;
};

class PageLink {
 public:
  /// `login`: to the target's socket for pages; none: to a helper. Throws Failure if the target
  /// cannot be reached; NothingWanted.
  PageLink(const PageAddress& address, ChannelKind kind,
           std::unique_ptr<PageLogin> login = nullptr);

  /// What was sent before still arrives, unless the connection hangs.
  ~PageLink();
  PageLink(const PageLink&) = delete;
  PageLink& operator=(const PageLink&) = delete;

  Channel& channel() { return *channel_; }
  /// Ends the connection, so that whoever waits in it fails. From any thread.
  void cut();

 private:
  // These return the answer; channel_ is there if it is the right one.
  std::string connect_to_door();
  std::string connect_to_helper(const PageAddress& address);
  std::string greet(UniqueFd in, UniqueFd out);

  ChannelKind kind_;
  std::unique_ptr<PageLogin> login_;  // this, with …
  UniqueFd at_door_;                  // … what it gave …
  Child helper_;                      // … or that
  std::unique_ptr<Channel> channel_;
};

}  // namespace wayferry
