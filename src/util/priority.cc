// SPDX-License-Identifier: MIT
#include "util/priority.h"

#include <sched.h>
#include <sys/resource.h>

#include <thread>

namespace wayferry {
namespace {

/// The calling thread's; false if that was refused.
bool set_policy(int policy) {
  const sched_param none{};
  return ::sched_setscheduler(0, policy, &none) == 0;
}

// Without CAP_SYS_NICE it depends on RLIMIT_NICE.
bool can_come_back() {
  static const bool can = [] {
    bool came_back = false;
    std::jthread([&] { came_back = set_policy(SCHED_IDLE) && set_policy(SCHED_OTHER); }).join();
    return came_back;
  }();
  return can;
}

}  // namespace

void let_others_first(pid_t process) {
  constexpr int nice = 5;
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(process), nice);
}

IdleTimeThread::IdleTimeThread(const std::atomic<bool>& over)
    : over_(over), idle_(!over && can_come_back()) {
  let_others_first();
  if (idle_) set_policy(SCHED_IDLE);
}

void IdleTimeThread::look() {
  if (!idle_ || !over_) return;
  idle_ = false;
  set_policy(SCHED_OTHER);
}

}  // namespace wayferry
