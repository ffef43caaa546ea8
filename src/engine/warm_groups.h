// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

// All control groups share one lock against processes that change theirs while others fork or end.
// Who takes it after a pause waits until every processor has noticed (an RCU grace period,
// rcu_sync_enter() in Linux' kernel/rcu/sync.c): 10 to 15 ms, and now and then 0.1 to 0.5 s. Who
// takes it within such a period of the last one does not wait. A container's first process has to
// take it when it enters its group, and so has a runtime that restores one, and a move waits for
// both. So it is taken before, for nothing, while there is something else to do; but never while an
// app stands still, because whoever waits for such a period holds what all work with groups needs.

namespace wayferry {

/// Puts this process into the group that it is in. Throws SystemError where it may not do that.
void enter_own_group();

/// Keeps that lock in use, in the background; where it cannot be had, nothing happens.
class WarmGroups {
 public:
  /// Begins with keep(). `take`: takes the lock and lets it go; throws where it cannot be had, and
  /// is called no more then.
  explicit WarmGroups(std::function<void()> take = enter_own_group);
  WarmGroups(const WarmGroups&) = delete;
  WarmGroups& operator=(const WarmGroups&) = delete;

  /// Somebody will need it within a second. This and rest() wait while it is being taken.
  void keep();
  /// Nobody will.
  void rest();

 private:
  using Clock = std::chrono::steady_clock;
  void run(const std::stop_token& stop);

  std::function<void()> take_;
  std::mutex mutex_;  // for the next two, and held while the lock is being taken
  std::condition_variable_any changed_;
  Clock::time_point until_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace wayferry
