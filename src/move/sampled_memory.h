// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "criu/process_memory.h"
#include "pages/app_pages.h"
#include "pages/frozen_memory.h"

// (source) Where an app is at work in memory that is too large to be looked at twice (ahead.h does
// that, with what it brings): pages spread over all of it are looked at, and again later. Around
// one that has changed meanwhile others will be wanted. It learns in time that nobody else has a
// use for: while the target does something that the move has to wait for, and while what went ahead
// is on its way.

namespace wayferry {

class SampledMemory {
 public:
  /// `processes`: pid in the container → on the host.
  explicit SampledMemory(const std::map<pid_t, pid_t>& processes);

  /// Goes on with the first look, until all samples are taken or `go_on` is false; asked every
  /// 0.1 ms.
  void look(const std::function<bool()>& go_on);

  /// The second look: what is likely to be wanted soon.
  std::vector<AppPages> at_work() const;

 private:
  struct Sample {
    pid_t process;
    uint64_t address;
    uint64_t hash;  ///< of its content, at the first look
  };
  struct Process {
    FrozenMemory memory;
    PageFinder finder;
  };
  void find_part();
  /// The first page in here that is there.
  std::optional<uint64_t> first_in(pid_t process, const Mapping& part) const;
  size_t enough() const;
  void take_samples();
  std::optional<Sample> next_sample();
  /// Looks at these, as far as they can still be read. In the order of the processes.
  void look_at(std::span<const Sample> samples,
               const std::function<void(const Sample& sample, uint64_t hash)>& tell) const;

  std::map<pid_t, Process> processes_;  // those with large mappings
  std::vector<AppPages> unseen_;        // of these mappings: not yet looked for parts
  std::vector<AppPages> parts_;         // with something in them
  size_t asked_ = 0;                    // places, for samples
  double at_ = 0;                       // the last one, of 1
  std::vector<Sample> samples_;
};

}  // namespace wayferry
