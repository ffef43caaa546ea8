// SPDX-License-Identifier: MIT
#include "move/journal.h"

#include <gtest/gtest.h>

#include <thread>

#include "fake/fake_host.h"
#include "util/error.h"

namespace wayferry {
namespace {

class Journal : public testing::Test {
 protected:
  MoveJournal journal() const { return {folder_.path(), id_}; }

  fake::TemporaryFolder folder_;
  const std::string id_ = make_move_id();
};

TEST_F(Journal, GoesFromReadyToMine) {
  EXPECT_EQ(journal().read(), MoveFate::unknown);
  EXPECT_TRUE(journal().set_ready());
  EXPECT_TRUE(journal().claim());
  EXPECT_EQ(journal().read(), MoveFate::mine);
  EXPECT_FALSE(journal().drop()) << "mine is for ever";
  EXPECT_EQ(journal().read(), MoveFate::mine);
}

TEST_F(Journal, AskingAboutAnUnknownMoveEndsIt) {
  EXPECT_TRUE(journal().drop());
  EXPECT_FALSE(journal().set_ready());
  EXPECT_FALSE(journal().claim());
  EXPECT_TRUE(journal().drop());
}

TEST_F(Journal, ADroppedMoveIsNeverClaimed) {
  EXPECT_TRUE(journal().set_ready());
  EXPECT_TRUE(journal().drop());
  EXPECT_FALSE(journal().claim());
}

TEST_F(Journal, CannotBeClaimedBeforeReady) {
  EXPECT_FALSE(journal().claim());
}

TEST_F(Journal, OfTwoAtOnceOneWins) {
  for (int round = 0; round < 50; ++round) {
    MoveJournal contested(folder_.path(), make_move_id());
    contested.set_ready();
    bool claimed = false;
    bool dropped = false;
    {
      const std::jthread one([&] { claimed = contested.claim(); });
      const std::jthread two([&] { dropped = contested.drop(); });
    }
    EXPECT_NE(claimed, dropped);
  }
}

TEST_F(Journal, TakesOnlyProperIds) {
  EXPECT_TRUE(valid_move_id(id_));
  for (const std::string id : {"", "../../etc/passwd", "0123456789abcdef0123456789abcdeF",
                               "0123456789abcdef0123456789abcdef0"})
    EXPECT_THROW(MoveJournal(folder_.path(), id), ProtocolError) << id;
}

}  // namespace
}  // namespace wayferry
