// SPDX-License-Identifier: MIT
// The monitor's loop: whom it watches, while others come and go at its control socket.
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <thread>

#include "fake/fake_host.h"
#include "monitor/monitor.h"
#include "session/monitor_client.h"
#include "util/process.h"

namespace wayferry {
namespace {

constexpr int visitors = 3;
constexpr int watches = 3000;

class MonitorProcess : public testing::Test {
 protected:
  void SetUp() override {
    ::signal(SIGPIPE, SIG_IGN);  // as main does
    std::filesystem::create_directory(folder_.path() / "display");
    monitor_ = std::jthread([this] {
      run_monitor({.display_socket = folder_.path() / "display" / display_name,
                   .control_socket = control_,
                   .compositor = "/nobody",
                   .offer = {},
                   .on_app_ended = [this] { told_of_end_ = true; },
                   .on_abandoned = {}});
      over_ = true;
    });
    while (!MonitorClient::connect(control_)) std::this_thread::yield();
  }

  /// As `wayferry ps` does.
  void visit() {
    try {
      if (auto client = MonitorClient::connect(control_)) client->status();
    } catch (const std::exception&) {
      // It has just ended; whether it should have is looked at elsewhere.
    }
  }

  fake::TemporaryFolder folder_;
  Path control_ = folder_.path() / "control";
  std::atomic<bool> told_of_end_ = false;
  std::atomic<bool> over_ = false;
  std::jthread monitor_;
};

TEST_F(MonitorProcess, TakesTheEndOfNobodyElseForTheAppsEnd) {
  Child app = spawn({"sleep", "600"});
  std::vector<std::jthread> comers_and_goers;
  for (int i = 0; i < visitors; ++i)
    comers_and_goers.emplace_back([this] {
      while (!over_) visit();
    });
  auto mover = MonitorClient::connect(control_);
  for (int i = 0; i < watches && !told_of_end_; ++i) mover->watch(app.pid());
  EXPECT_FALSE(told_of_end_);
  ::kill(app.pid(), SIGKILL);
  monitor_.join();
  EXPECT_TRUE(told_of_end_);
}

}  // namespace
}  // namespace wayferry
