// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <functional>

#include "util/io.h"
#include "util/unique_fd.h"

// Where CRIU's restore hands over its processes' userfaultfds, in the place of `criu lazy-pages`: a
// socket called lazy-pages.socket in its work folder, on which it sends a pid (a 32 bit number;
// negative for a zombie, which has no memory) and with the next byte the descriptor, for each
// process, and in the end one word. The pids are those inside the container.

namespace wayferry {

class CriuDoor {
 public:
  using Take = std::function<void(UniqueFd uffd, pid_t inner_pid)>;

  /// Listens. `take` is called from handle().
  CriuDoor(const Path& work, Take take);

  /// What to wait at.
  int fd() const { return connection_ ? connection_.get() : listener_.get(); }
  /// Reads what is there. False once CRIU has said its last word or is gone.
  bool handle();

 private:
  Take take_;
  UniqueFd listener_;
  UniqueFd connection_;
};

}  // namespace wayferry
