// SPDX-License-Identifier: MIT
#pragma once

#include <future>

#include "util/unique_fd.h"

// What CRIU would wait for at the first dump or restore, done while nothing stands still, beside
// whatever else there is to do then:
//
// - after each boot it asks the kernel once what it can do, and keeps the answers: 40 ms;
// - it stops processes at hardware breakpoints, and the first perf event on a machine makes the
//   kernel wait until all processors know that there are any (account_event() in Linux'
//   kernel/events/core.c): 10 to 150 ms. A second after the last one they forget it again.
//
// Errors are left to whoever needs CRIU next: all this only costs time.

namespace wayferry {

/// Begins at once; holds for as long as it lives.
class WarmCriu {
 public:
  WarmCriu();
  /// Until it is warm.
  void wait() const { event_.wait(); }

 private:
  std::future<UniqueFd> event_;
};

}  // namespace wayferry
