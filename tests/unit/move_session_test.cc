// SPDX-License-Identifier: MIT
// Whole moves between two fake hosts, over a connection that is cut at every possible message: in
// the end exactly one copy of the app runs, and never two at any moment.
#include <gtest/gtest.h>
#include <signal.h>

#include <future>

#include "fake/cutting_link.h"
#include "fake/fake_host.h"
#include "move/mover.h"
#include "move/receiver.h"
#include "move/resolve.h"
#include "util/error.h"

namespace wayferry {
namespace {

constexpr int never_cut = 1'000'000;

enum class Outcome { moved, stayed, in_doubt };

class MoveSession : public testing::Test {
 protected:
  void SetUp() override {
    ::signal(SIGPIPE, SIG_IGN);  // as main does
    source_.run("term");
  }

  Outcome move(int messages, const MoveOptions& options, const Fault& target_fault = {}) {
    fake::CuttingLink link(messages);
    auto target = std::async(std::launch::async, [&] {
      receive_session(target_.local(), link.target(), target_fault);
      link.target().close();
    });
    const Outcome outcome = move_over(link, options);
    link.source().close();
    target.wait();
    was_cut_ = link.was_cut();
    return outcome;
  }

  Outcome move_over(fake::CuttingLink& link, const MoveOptions& options) {
    const auto ask = [this](const std::string& id) -> std::optional<Owner> {
      if (!reachable_) return std::nullopt;
      return decide_here(target_.local(), id);
    };
    try {
      // Nothing ahead: the fake app's memory is that of this test.
      const std::chrono::milliseconds ahead(0);
      report_ = move_session(
          source_.local(), {.name = "term", .display = "", .ahead = ahead},
          {.host = "target", .link = link.source(), .await = await_, .ask = ask, .kill_link = {}},
          options);
      return Outcome::moved;
    } catch (const InDoubt&) {
      return Outcome::in_doubt;
    } catch (const Failure& failure) {
      failure_ = failure.what();
      return Outcome::stayed;
    }
  }

  void expect_one_copy(Outcome outcome) {
    EXPECT_FALSE(world_.two_ran_at_once());
    EXPECT_EQ(world_.running(), 1) << failure_;
    const bool moved = outcome == Outcome::moved;
    EXPECT_EQ(world_.get("target") == fake::AppState::running, moved);
    EXPECT_EQ(source_.has("term"), !moved);
    EXPECT_EQ(target_.has("term"), moved);
  }

  const MoveOptions quick_{.limits = {.answer = std::chrono::seconds(5),
                                      .asking = std::chrono::milliseconds(100),
                                      .pause = std::chrono::milliseconds(10)}};
  fake::TemporaryFolder folder_;
  fake::World world_;
  fake::Host source_{world_, "source", folder_.path()};
  fake::Host target_{world_, "target", folder_.path()};
  MoveReport report_;
  std::string failure_;
  std::function<void()> await_;
  bool reachable_ = true;
  bool was_cut_ = false;
};

TEST_F(MoveSession, ArrivesWithFilesAndReport) {
  ASSERT_EQ(move(never_cut, quick_), Outcome::moved) << failure_;
  expect_one_copy(Outcome::moved);
  const Path upper = target_.local().store.folders("term").container().writable / "upper";
  EXPECT_EQ(read_file(upper / "written"), "by the app");
  EXPECT_EQ(target_.local().store.load("term")->state, SessionState::running);
  EXPECT_EQ(report_.page_bytes, 3'000'000u);
  EXPECT_EQ(report_.image_bytes, 4u);
  EXPECT_EQ(report_.objects, 23u);
  EXPECT_TRUE(report_.left_over.empty());
  std::string names;
  for (const Phase& phase : report_.phases) names += phase.name + " ";
  EXPECT_EQ(
      names,
      "look connect check files pre-warm early barrier pause seal checkpoint send restore adopt "
      "commit release ");
}

TEST_F(MoveSession, RefusesASessionThatIsThereAlready) {
  target_.run("term");
  EXPECT_EQ(move(never_cut, quick_), Outcome::stayed);
  EXPECT_NE(failure_.find("there is a session 'term' already"), std::string::npos) << failure_;
}

TEST_F(MoveSession, NamesHostStepAndWhereTheAppIs) {
  EXPECT_EQ(move(never_cut, quick_, Fault("restore")), Outcome::stayed);
  EXPECT_EQ(failure_.find("target: "), 0u) << failure_;
  EXPECT_NE(failure_.find("step restore; term goes on running on "), std::string::npos) << failure_;
}

TEST_F(MoveSession, LooksAroundHereWhileTheTargetIsReached) {
  const Path images = source_.local().store.folders("term").runtime / "images";
  await_ = [images] {
    EXPECT_TRUE(std::filesystem::exists(images));
    throw Failure("target", "nobody is there");
  };
  EXPECT_EQ(move(never_cut, quick_), Outcome::stayed);
  EXPECT_EQ(failure_.find("target: nobody is there (step connect; term goes on running"), 0U)
      << failure_;
  EXPECT_FALSE(std::filesystem::exists(images));
  expect_one_copy(Outcome::stayed);
}

class MoveCut : public MoveSession, public testing::WithParamInterface<int> {};

// A move takes about 27 messages; a cut beyond its last is none.
constexpr int cuts = 34;
INSTANTIATE_TEST_SUITE_P(AfterMessage, MoveCut, testing::Range(0, cuts));

TEST_F(MoveSession, IsShorterThanTheCutsTried) {
  EXPECT_EQ(move(cuts - 1, quick_), Outcome::moved);
  EXPECT_FALSE(was_cut_);
}

TEST_P(MoveCut, LeavesOneCopy) {
  const Outcome outcome = move(GetParam(), quick_);
  ASSERT_NE(outcome, Outcome::in_doubt) << "the target could be asked";
  expect_one_copy(outcome);
}

TEST_P(MoveCut, LeavesOneCopyAfterResolving) {
  reachable_ = false;
  const Outcome outcome = move(GetParam(), quick_);
  EXPECT_FALSE(world_.two_ran_at_once());
  if (outcome != Outcome::in_doubt) return expect_one_copy(outcome);

  const SessionRecord record = source_.local().store.require("term");
  EXPECT_EQ(record.state, SessionState::in_doubt);
  EXPECT_NE(world_.get("source"), fake::AppState::running) << "it may run there";
  auto monitor = MonitorClient::connect(source_.local().store.folders("term").control());
  const auto engine = source_.local().engine("runc");
  const Owner owner = decide_here(target_.local(), record.move_id);
  if (owner == Owner::target)
    let_go(source_.local(), *engine, *monitor, "term");
  else
    take_back(source_.local(), *engine, *monitor, "term");
  expect_one_copy(owner == Owner::target ? Outcome::moved : Outcome::stayed);
}

class MoveFault : public MoveSession, public testing::WithParamInterface<const char*> {};

INSTANTIATE_TEST_SUITE_P(AtSource, MoveFault,
                         testing::Values("look", "connect", "check", "files", "pre-warm", "barrier",
                                         "pause", "seal", "checkpoint", "send", "restore", "commit",
                                         "handover"));
class MoveTargetFault : public MoveSession, public testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(AtTarget, MoveTargetFault,
                         testing::Values("check", "prepare", "files", "pre-warm", "receive",
                                         "restore", "adopt", "ready", "release"));

TEST_P(MoveFault, LeavesTheAppHere) {
  MoveOptions options = quick_;
  options.fault = Fault(GetParam());
  EXPECT_EQ(move(never_cut, options), Outcome::stayed);
  expect_one_copy(Outcome::stayed);
  EXPECT_EQ(source_.local().store.load("term")->state, SessionState::running);
}

TEST_P(MoveTargetFault, LeavesTheAppHere) {
  EXPECT_EQ(move(never_cut, quick_, Fault(GetParam())), Outcome::stayed);
  expect_one_copy(Outcome::stayed);
  // And nothing stands in the way of another try.
  EXPECT_EQ(move(never_cut, quick_), Outcome::moved) << failure_;
}

}  // namespace
}  // namespace wayferry
