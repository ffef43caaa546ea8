// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <vector>

#include "move/outgoing.h"
#include "pages/app_pages.h"

// (source) Private memory is sent while the app still runs, as far as a limit allows, and then, in
// rounds, what changed meanwhile: so that less has to follow a lazy move, and less time is lost by
// an eager one. A round ends the work when it finds little, or not much less than the one before:
// then the app writes as fast as we send.

namespace wayferry {

struct AheadLimits {
  /// Of the first look. Where that is too little, what changes of what it brought is looked for
  /// half as long again.
  std::chrono::milliseconds time{0};
  uint64_t bytes = 0;
  uint64_t bytes_per_second = 0;  ///< 0: as fast as it goes
};

struct SentAhead {
  /// What was looked at, in that order: most of it is known still, and hardly anything elsewhere.
  std::vector<AppPages> places;
  /// From round to round, those of the last one first, each with some after it: what the app is
  /// working with.
  std::vector<AppPages> changed;
};

/// `processes`: pid in the container → on the host. `between` is called between pieces and
/// all the time while a rate is waited for, and may throw.
SentAhead send_ahead(Outgoing& out, const std::map<pid_t, pid_t>& processes,
                     const AheadLimits& limits, const std::function<void()>& between);

}  // namespace wayferry
