// SPDX-License-Identifier: MIT
// Freezing and thawing between fake hosts, over connections that are cut at every possible message:
// in the end the app runs, or is in a whole file, never both and never neither.
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <future>

#include "fake/cutting_link.h"
#include "fake/fake_host.h"
#include "ferry/ferry_reader.h"
#include "ferry/from_file.h"
#include "ferry/into_file.h"
#include "move/mover.h"
#include "move/receiver.h"
#include "move/resolve.h"
#include "util/error.h"

namespace wayferry {
namespace {

constexpr int never_cut = 1'000'000;

class Freeze : public testing::Test {
 protected:
  void SetUp() override {
    ::signal(SIGPIPE, SIG_IGN);  // as main does
    source_.run("term");
  }

  /// "" on success, else the error.
  std::string freeze(int messages, const Fault& fault = {}, const Fault& file_fault = {}) {
    fake::CuttingLink link(messages);
    const IntoFile into{.file = file_, .program_version = "0.1.0"};
    auto target = std::async(std::launch::async, [&] {
      receive_into_file(source_.local(), link.target(), into, file_fault);
      link.target().close();
    });
    std::string error;
    try {
      const auto ask = [this](const std::string& id) { return decide_here(source_.local(), id); };
      move_session(source_.local(), {.name = "term"},
                   {.host = file_, .link = link.source(), .ask = ask, .kill_link = {}},
                   {.fault = fault,
                    .limits = {.answer = std::chrono::seconds(5),
                               .asking = std::chrono::milliseconds(100),
                               .pause = std::chrono::milliseconds(10)}});
    } catch (const Failure& failure) {
      error = failure.what();
    }
    link.source().close();
    target.wait();
    return error;
  }

  std::string thaw(int messages, const Fault& fault = {}) {
    fake::CuttingLink link(messages);
    auto receiver = std::async(std::launch::async, [&] {
      receive_session(target_.local(), link.target(), fault);
      link.target().close();
    });
    std::string error;
    try {
      report_ = send_from_file(target_.local(), {.file = file_, .display = ""}, link.source());
    } catch (const std::exception& failure) {
      error = failure.what();
    }
    link.source().close();
    receiver.wait();
    return error;
  }

  /// The app runs on the source and there is no file, not even a part of one; or the reverse.
  void expect_one(const std::string& error) {
    EXPECT_EQ(world_.get("source") == fake::AppState::running, !error.empty()) << error;
    EXPECT_EQ(source_.has("term"), !error.empty());
    EXPECT_EQ(std::filesystem::exists(file_), error.empty()) << error;
    EXPECT_FALSE(std::filesystem::exists(file_.native() + ".part"));
    if (!error.empty()) return;
    FerryReader reader(file_);
    while (reader.next()) continue;
  }

  fake::TemporaryFolder folder_;
  const Path file_ = folder_.path() / "term.ferry";
  fake::World world_;
  fake::Host source_{world_, "source", folder_.path()};
  fake::Host target_{world_, "target", folder_.path()};
  MoveReport report_;
};

TEST_F(Freeze, ThawsElsewhereWithFilesAndImages) {
  ASSERT_EQ(freeze(never_cut), "");
  expect_one("");
  ASSERT_EQ(thaw(never_cut), "");
  EXPECT_EQ(world_.get("target"), fake::AppState::running);
  const Path upper = target_.local().store.folders("term").container().writable / "upper";
  EXPECT_EQ(read_file(upper / "written"), "by the app");
  EXPECT_EQ(report_.page_bytes, 3'000'000u);
  EXPECT_EQ(report_.objects, 23u);
  EXPECT_TRUE(std::filesystem::exists(file_)) << "it can be thawed again";
}

TEST_F(Freeze, DoesNotReplaceAFile) {
  std::ofstream(file_) << "precious";
  const std::string error = freeze(never_cut);
  EXPECT_NE(error.find("there is such a file already"), std::string::npos) << error;
  EXPECT_EQ(read_file(file_), "precious");
  EXPECT_EQ(world_.get("source"), fake::AppState::running);
}

TEST_F(Freeze, ADamagedFileStartsNothing) {
  ASSERT_EQ(freeze(never_cut), "");
  std::string bytes = read_file(file_).value();
  bytes.resize(bytes.size() - 30);
  std::ofstream(file_, std::ios::binary) << bytes;
  EXPECT_NE(thaw(never_cut), "");
  EXPECT_EQ(world_.running(), 0);
  EXPECT_FALSE(target_.has("term"));
}

class FreezeCut : public Freeze, public testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(AfterMessage, FreezeCut, testing::Range(0, 30));

TEST_P(FreezeCut, LeavesTheAppOrTheFile) {
  expect_one(freeze(GetParam()));
}

TEST_P(FreezeCut, AThawThatIsCutCanBeRepeated) {
  ASSERT_EQ(freeze(never_cut), "");
  if (thaw(GetParam()).empty()) return;
  if (world_.get("target") == fake::AppState::running) return;  // only the last answer was lost
  EXPECT_FALSE(target_.has("term"));
  EXPECT_EQ(thaw(never_cut), "");
}

class FreezeFault : public Freeze, public testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(AtStep, FreezeFault,
                         testing::Values("check", "files", "receive", "write", "ready"));

TEST_P(FreezeFault, LeavesTheAppHere) {
  const std::string error = freeze(never_cut, {}, Fault(GetParam()));
  EXPECT_NE(error, "");
  expect_one(error);
  EXPECT_EQ(freeze(never_cut), "") << "nothing stands in the way of another try";
}

}  // namespace
}  // namespace wayferry
