// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <vector>

#include "pages/channel.h"

// Where the source's two page connections come in at the target: a socket in the session's folder.
// sshd connects them to it itself (`ssh -L`), or, where it must not forward anything, a helper at
// the end of an ssh session (`wayferry receive --pages`), which hands its standard input and output
// over and then only waits until they are not needed any more. The source's first byte says which
// of the two connections it is, and is answered with a greeting.

namespace wayferry {

enum class ChannelKind : char { faults = 'f', bulk = 'b' };

struct Visitor {
  ChannelKind kind = ChannelKind::faults;
  std::unique_ptr<Channel> channel;
  UniqueFd helper;  ///< if there is one: closing it lets it, and so its ssh session, end
};

class PageDoor {
 public:
  explicit PageDoor(Path path);
  ~PageDoor();
  PageDoor(const PageDoor&) = delete;
  PageDoor& operator=(const PageDoor&) = delete;

  /// Readable when let_in() should be called.
  int fd() const { return arrivals_.get(); }
  /// Takes one in who has said who it is; nothing if nobody has, which does not wait: a word from
  /// the source takes the time of the link.
  std::unique_ptr<Visitor> let_in();

 private:
  void open();

  Path path_;
  UniqueFd listener_;
  UniqueFd arrivals_;                // an epoll of the listener and of …
  std::vector<UniqueFd> strangers_;  // … who has said nothing yet, the oldest first
};

/// What the door, or a helper that finds none, says first.
std::string page_greeting_line();
std::string pages_over_line();

/// (helper) Hands the two descriptors of a connection over and waits until the other side lets go.
void hand_over_channel(const Path& door, int in, int out);

}  // namespace wayferry
