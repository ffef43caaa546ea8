// SPDX-License-Identifier: MIT
#include "util/priority.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>

#include <thread>

namespace wayferry {
namespace {

TEST(IdleTimeThread, LeavesTheProcessorToOthersUntilItIsOver) {
  std::atomic<bool> over = false;
  std::jthread([&] {
    IdleTimeThread priority(over);
    priority.look();
    EXPECT_EQ(::sched_getscheduler(0), SCHED_IDLE);
    over = true;
    priority.look();
    EXPECT_EQ(::sched_getscheduler(0), SCHED_OTHER);
    EXPECT_GT(::getpriority(PRIO_PROCESS, 0), 0);
  }).join();
}

TEST(IdleTimeThread, IsNoneIfItIsOverAlready) {
  std::jthread([] {
    const std::atomic<bool> over = true;
    const IdleTimeThread priority(over);
    EXPECT_EQ(::sched_getscheduler(0), SCHED_OTHER);
  }).join();
}

}  // namespace
}  // namespace wayferry
