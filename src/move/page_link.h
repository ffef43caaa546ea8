// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "pages/page_door.h"
#include "util/process.h"

// (source) One page connection: an ssh session of its own with `wayferry receive --pages` at the
// other end. Of its own, because whatever shares an ssh session waits for whatever else is in it.

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
  /// Throws Failure if the target cannot be reached; NothingWanted.
  PageLink(const PageAddress& address, ChannelKind kind);

  /// What was sent before still arrives, unless the connection hangs.
  ~PageLink();
  PageLink(const PageLink&) = delete;
  PageLink& operator=(const PageLink&) = delete;

  Channel& channel() { return *channel_; }
  /// Ends the connection, so that whoever waits in it fails. From any thread.
  void cut();

 private:
  Child ssh_;
  std::unique_ptr<Channel> channel_;
};

/// What the helper says when it has found its move, and when there is none.
std::string page_greeting_line();
std::string pages_over_line();

}  // namespace wayferry
