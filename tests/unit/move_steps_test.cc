// SPDX-License-Identifier: MIT
#include "move/steps.h"

#include <gtest/gtest.h>

#include "move/fault.h"
#include "util/error.h"

namespace wayferry {
namespace {

TEST(Steps, UndoesInReverseOrder) {
  std::string undone;
  {
    Steps steps;
    steps.run("one", [&] { steps.undo_with("a", [&] { undone += "a"; }); });
    steps.run("two", [&] {
      steps.undo_with("b", [&] { undone += "b"; });
      steps.undo_with("c", [&] { undone += "c"; });
    });
    EXPECT_EQ(undone, "");
  }
  EXPECT_EQ(undone, "cba");
}

TEST(Steps, UndoesAHalfDoneStep) {
  std::string undone;
  EXPECT_THROW(
      {
        Steps steps;
        steps.run("one", [&] {
          steps.undo_with("a", [&] { undone += "a"; });
          throw Failure("", "half done");
        });
      },
      Failure);
  EXPECT_EQ(undone, "a");
}

TEST(Steps, AFailingUndoDoesNotStopTheOthers) {
  std::string undone;
  {
    Steps steps;
    steps.undo_with("a", [&] { undone += "a"; });
    steps.undo_with("b", [] { throw Failure("", "cannot"); });
  }
  EXPECT_EQ(undone, "a");
}

TEST(Steps, KeepsWhatIsToBeKept) {
  std::string undone;
  {
    Steps steps;
    steps.undo_with("a", [&] { undone += "a"; });
    steps.keep();
  }
  EXPECT_EQ(undone, "");
}

TEST(Steps, NamesAndSplitsPhases) {
  Steps steps;
  steps.run("restore", [] {});
  steps.split("adopt", 1e9);
  ASSERT_EQ(steps.phases().size(), 2u);
  EXPECT_EQ(steps.phases()[1].name, "adopt");
  EXPECT_EQ(steps.phases()[0].ms, 0) << "another host's clock cannot make a phase negative";
}

TEST(Fault, NamesOneStepOnOneSide) {
  EXPECT_THROW(Fault("seal").at("seal"), Failure);
  EXPECT_NO_THROW(Fault("seal").at("pause"));
  EXPECT_NO_THROW(Fault("target:seal").at("seal"));
  EXPECT_EQ(Fault("target:seal").for_target(), "seal");
  EXPECT_EQ(Fault("target:die:seal").for_target(), "die:seal");
  bool killed = false;
  Fault("kill:send").at("send", [&] { killed = true; });
  EXPECT_TRUE(killed);
}

}  // namespace
}  // namespace wayferry
