// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <mutex>

// A lock with two kinds of callers: those whom an app waits for, and those who only have much to
// do. A plain mutex would go to whoever has just let go of it and wants it again.

namespace wayferry {

class FaultsFirst {
 public:
  std::unique_lock<std::mutex> urgent() {
    ++waiting_;
    std::unique_lock lock(mutex_);
    if (--waiting_ == 0) waiting_.notify_all();
    return lock;
  }
  /// Lets go first whoever is in a hurry. Hold it for short pieces only.
  std::unique_lock<std::mutex> patient() {
    for (int waiting = 0; (waiting = waiting_) > 0;) waiting_.wait(waiting);
    return std::unique_lock(mutex_);
  }
  /// How many are in a hurry now.
  int waiting() const { return waiting_; }

 private:
  std::atomic<int> waiting_ = 0;
  std::mutex mutex_;
};

}  // namespace wayferry
