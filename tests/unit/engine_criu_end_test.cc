// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "engine/criu_end.h"
#include "util/process.h"

namespace wayferry {
namespace {

constexpr std::chrono::seconds limit{20};

// Processes that have a log open, some under CRIU's name.
class CriuEnd : public testing::Test {
 protected:
  CriuEnd() {
    std::filesystem::create_directory(folder_);
    std::filesystem::create_symlink("/bin/sh", criu_);
    write_file(log_, "");
  }
  ~CriuEnd() override { std::filesystem::remove_all(folder_); }

  /// The program runs this script with the log open; it says at 3 that it is under way.
  Child start(const Path& program, const std::string& script) const {
    auto [ready, say] = make_pipe();
    Child child = spawn({program, "-c", "exec 4>> " + log_.native() + "; " + script},
                        {.fds = {{3, say.get()}}});
    EXPECT_TRUE(wait_readable(ready.get(), limit));
    return child;
  }

  Path folder_ =
      std::filesystem::temp_directory_path() / ("wayferry-criu-end-" + std::to_string(::getpid()));
  Path criu_ = folder_ / "criu";
  Path log_ = folder_ / "restore.log";
};

TEST_F(CriuEnd, OfALeftRestoreIsThatOfWhatItHasStarted) {
  Child criu = start(criu_, "sleep 600 & echo >&3; wait $!; exit 7");
  EXPECT_TRUE(end_left_restore(log_));
  EXPECT_EQ(criu.wait(), 7);
  EXPECT_FALSE(end_left_restore(log_));
}

TEST_F(CriuEnd, ComesAlsoIfItStartsMoreForEver) {
  Child criu = start(criu_, "echo >&3; while :; do sleep 600; done");
  EXPECT_TRUE(end_left_restore(log_));
  EXPECT_EQ(criu.wait(), 128 + SIGKILL);
}

TEST_F(CriuEnd, IsNotThatOfWhoReadsItsLog) {
  const Child reader = start("/bin/sh", "echo >&3; sleep 600");
  EXPECT_FALSE(end_left_restore(log_));
  EXPECT_FALSE(wait_readable(reader.pidfd(), std::chrono::milliseconds(0)));
}

}  // namespace
}  // namespace wayferry
