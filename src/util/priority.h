// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <atomic>

// Who has the processor after others, where there is not enough for all. A refusal changes nothing.

namespace wayferry {

/// The process, or the calling thread, has a third of the weight of others.
void let_others_first(pid_t process = 0);

/// For a thread that works while an app stands still and others bring it back to life: until `over`
/// it has a processor only where nobody else wants one (SCHED_IDLE in sched(7)), and who wants it
/// need not wait; then it lets others first. Where it could not come back from that, it lets others
/// first from the beginning.
class IdleTimeThread {
 public:
  /// Of the calling thread.
  explicit IdleTimeThread(const std::atomic<bool>& over);
  /// Looks whether it is over; between two pieces of work.
  void look();

 private:
  const std::atomic<bool>& over_;
  bool idle_;
};

}  // namespace wayferry
