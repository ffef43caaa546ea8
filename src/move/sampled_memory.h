// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <vector>

#include "pages/app_pages.h"
#include "pages/frozen_memory.h"

// (source) Where an app is at work in memory that is too large to be looked at twice (ahead.h does
// that, with what it brings): pages spread over all of it are looked at, and again later. Around
// one that has changed meanwhile others will be wanted. It learns in time that nobody else has a
// use for: while the target is being reached, and while what went ahead is on its way.

namespace wayferry {

class SampledMemory {
 public:
  /// The first look. `processes`: pid in the container → on the host. `go_on`: false ends it, which
  /// does no harm; asked every 0.1 ms.
  SampledMemory(const std::map<pid_t, pid_t>& processes, const std::function<bool()>& go_on);

  /// The second: what is likely to be wanted soon.
  std::vector<AppPages> at_work() const;

 private:
  struct Sample {
    pid_t process;
    uint64_t address;
    uint64_t hash;  ///< of its content, at the first look
  };
  /// Looks at these, as far as they can still be read. In the order of the processes.
  void look_at(std::span<const Sample> samples,
               const std::function<void(const Sample& sample, uint64_t hash)>& tell) const;

  std::map<pid_t, FrozenMemory> memories_;
  std::vector<Sample> samples_;
};

}  // namespace wayferry
