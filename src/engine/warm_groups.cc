// SPDX-License-Identifier: MIT
#include "engine/warm_groups.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include "engine/cgroup.h"

namespace wayferry {
namespace {

// Shorter than a grace period, so that the lock does not cool down meanwhile; each takes some us.
constexpr std::chrono::milliseconds pulse{5};
constexpr std::chrono::seconds need{1};

}  // namespace

void enter_own_group() {
  Cgroup::of(::getpid()).enter();
}

WarmGroups::WarmGroups(std::function<void()> take)
    : take_(std::move(take)), until_(Clock::now() + need) {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    try {
      run(stop);
    } catch (const std::exception& error) {
      spdlog::debug("the lock of control groups stays cold: {}", error.what());
    }
  });
}

void WarmGroups::keep() {
  const std::lock_guard lock(mutex_);
  until_ = Clock::now() + need;
  changed_.notify_all();
}

void WarmGroups::rest() {
  const std::lock_guard lock(mutex_);
  until_ = Clock::now();
}

void WarmGroups::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return Clock::now() < until_; })) {
    take_();
    changed_.wait_for(lock, stop, pulse, [] { return false; });
  }
}

}  // namespace wayferry
