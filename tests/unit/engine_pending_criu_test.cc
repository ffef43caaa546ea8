// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>

#include "engine/pending_criu.h"
#include "util/error.h"

namespace wayferry {
namespace {

// The test plays CRIU; the command's only part is to end when it is told to.
class PendingCriuTest : public testing::Test {
 protected:
  PendingCriuTest() {
    std::filesystem::create_directory(folder_);
    check("mkfifo", ::mkfifo(in_folder("end").c_str(), 0600));
  }
  ~PendingCriuTest() override { std::filesystem::remove_all(folder_); }

  std::vector<std::string> ends_when_told() const {
    return {"sh", "-c", "read word < " + in_folder("end").native() + "; exit 7"};
  }
  void tell_to_end() const {
    const UniqueFd end(check("open", ::open(in_folder("end").c_str(), O_WRONLY | O_CLOEXEC)));
    write_all(end.get(), std::string_view("word\n"));
  }
  Path in_folder(const char* name) const { return folder_ / name; }
  Path gate() const { return in_folder("gate"); }

 private:
  Path folder_ =
      std::filesystem::temp_directory_path() / ("wayferry-pending-" + std::to_string(::getpid()));
};

TEST_F(PendingCriuTest, WaitsUntilItIsLetGo) {
  PendingCriu pending(ends_when_told(), {}, gate());
  const auto criu = connect_unix(gate());
  ASSERT_TRUE(criu);
  EXPECT_TRUE(pending.arrived());
  EXPECT_TRUE(pending.arrived());
  EXPECT_FALSE(wait_readable(criu->get(), std::chrono::milliseconds(0)));
  pending.open();
  char byte = 1;
  EXPECT_EQ(::read(criu->get(), &byte, 1), 1);
  tell_to_end();
  EXPECT_EQ(pending.wait(), 7);
}

TEST_F(PendingCriuTest, SaysThatNobodyWaitsWhenTheCommandEnds) {
  PendingCriu pending({"sh", "-c", "exit 3"}, {}, gate());
  EXPECT_FALSE(pending.arrived());
  EXPECT_EQ(pending.wait(), 3);
}

TEST_F(PendingCriuTest, IsDoneOnceTheSignIsThere) {
  const Path sign = in_folder("sign");
  write_file(sign, "of an earlier one");
  const std::string writes = "cd " + sign.parent_path().native() +
                             "; read word < end; echo > other; echo 1 > new; mv new sign"
                             "; read word < end; exit 7";
  std::optional<PendingCriu> pending(std::in_place, std::vector<std::string>{"sh", "-c", writes},
                                     SpawnOptions{}, gate(), sign);
  EXPECT_FALSE(std::filesystem::exists(sign));
  tell_to_end();
  EXPECT_EQ(pending->wait(), 0);
  tell_to_end();
  pending.reset();
}

TEST_F(PendingCriuTest, WithoutASignHasFailed) {
  PendingCriu pending({"sh", "-c", "exit 3"}, {}, gate(), in_folder("sign"));
  EXPECT_EQ(pending.wait(), 3);
}

TEST_F(PendingCriuTest, HearsOfTheEndOfCriuBeforeThatOfTheCommand) {
  PendingCriu pending(ends_when_told(), {}, gate());
  auto criu = connect_unix(gate());
  ASSERT_TRUE(criu && pending.arrived());
  pending.open();
  criu.reset();
  pending.wait_for_criu();
  tell_to_end();
  EXPECT_EQ(pending.wait(), 7);
}

TEST_F(PendingCriuTest, TellsNobodyToGoOnWhenItIsDropped) {
  std::optional<PendingCriu> pending(std::in_place, std::vector<std::string>{"true"},
                                     SpawnOptions{}, gate());
  const auto criu = connect_unix(gate());
  ASSERT_TRUE(criu);
  pending.reset();
  char byte = 1;
  EXPECT_LE(::read(criu->get(), &byte, 1), 0);  // closed, or reset
  EXPECT_FALSE(connect_unix(gate()));
}

}  // namespace
}  // namespace wayferry
