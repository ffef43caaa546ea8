// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "pages/channel.h"

// Where the source's two page connections come in at the target: each is an ssh session with a
// small helper (`wayferry receive --pages`), which hands its standard input and output over at a
// socket in the session's folder and then only waits until they are not needed any more.

namespace wayferry {

enum class ChannelKind : char { faults = 'f', bulk = 'b' };

struct Visitor {
  ChannelKind kind = ChannelKind::faults;
  std::unique_ptr<Channel> channel;
  UniqueFd helper;  ///< closing it lets the helper, and so its ssh session, end
};

class PageDoor {
 public:
  explicit PageDoor(Path path);
  ~PageDoor();
  PageDoor(const PageDoor&) = delete;
  PageDoor& operator=(const PageDoor&) = delete;

  int fd() const { return listener_.get(); }
  /// Takes one in who stands at the door; nothing if it does not say who it is.
  std::unique_ptr<Visitor> let_in();

 private:
  Path path_;
  UniqueFd listener_;
};

/// (helper) Hands two descriptors over and waits until the other side lets go of them.
void hand_over_channel(const Path& door, ChannelKind kind, int in, int out);

}  // namespace wayferry
