// SPDX-License-Identifier: MIT
#include "engine/warm_groups.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <optional>
#include <thread>

#include "util/error.h"

namespace wayferry {
namespace {

using namespace std::chrono_literals;

// Longer than the busiest machine needs for a few pulses.
constexpr auto limit = 20s;

// A lock that counts, and tells the third time.
struct CountedLock {
  std::atomic<int> taken = 0;
  std::promise<void> thrice;
  std::function<void()> take() {
    return [this] {
      if (++taken == 3) thrice.set_value();
    };
  }
};

TEST(WarmGroups, TakeTheLockAgainAndAgain) {
  CountedLock lock;
  const WarmGroups warm(lock.take());
  EXPECT_EQ(lock.thrice.get_future().wait_for(limit), std::future_status::ready);
}

TEST(WarmGroups, BeginAnewAfterARest) {
  CountedLock lock;
  WarmGroups warm(lock.take());
  warm.rest();
  warm.keep();
  EXPECT_EQ(lock.thrice.get_future().wait_for(limit), std::future_status::ready);
}

TEST(WarmGroups, HaveLetGoOfItAfterARest) {
  std::atomic<bool> taking = false;
  std::promise<void> begun;
  std::promise<void> go;
  WarmGroups warm([&] {
    begun.set_value();  // an error the second time, after which it is asked no more
    taking = true;
    go.get_future().wait();
    taking = false;
  });
  ASSERT_EQ(begun.get_future().wait_for(limit), std::future_status::ready);
  const std::jthread release([&] { go.set_value(); });
  warm.rest();
  EXPECT_FALSE(taking);
}

TEST(WarmGroups, AskOnceWhereTheLockCannotBeHad) {
  std::atomic<int> asked = 0;
  std::promise<void> first;
  std::optional<WarmGroups> warm(std::in_place, [&] {
    if (++asked == 1) first.set_value();
    throw SystemError(EACCES, "open", "cgroup.procs");
  });
  EXPECT_EQ(first.get_future().wait_for(limit), std::future_status::ready);
  warm->keep();
  warm.reset();
  EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace wayferry
