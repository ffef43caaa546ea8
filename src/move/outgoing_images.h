// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <functional>
#include <set>

#include "move/follower.h"
#include "move/outgoing.h"

// (source) The images of a checkpoint, sent while CRIU writes them; connections that end with the
// move are closed in them on the way (criu/closed_sockets.h).

namespace wayferry {

class OutgoingImages {
 public:
  /// From now on, until it is finished, the link is its own. `first` sends what comes before;
  /// `closed` are the app's ends, by inode.
  OutgoingImages(Outgoing& out, Path folder, std::set<ino_t> closed, std::function<void()> first);
  /// Throws why nothing can be sent any more, if that is so.
  void rethrow() const { follower_.rethrow(); }
  /// The checkpoint is complete: sends what is left, and the end.
  void finish();

 private:
  void ship(const std::string& name, uint64_t offset, std::string_view data);
  uint64_t send_closed_sockets();

  Outgoing& out_;
  Path folder_;
  std::set<ino_t> closed_;
  ImageFollower follower_;
};

}  // namespace wayferry
