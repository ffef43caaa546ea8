// SPDX-License-Identifier: MIT
// Who comes in at the target's door, and who does not.
#include "pages/page_door.h"

#include <gtest/gtest.h>
#include <sys/inotify.h>

#include <csignal>

#include "fake/temporary_folder.h"
#include "pages/descriptors.h"
#include "util/folder_watch.h"

namespace wayferry {
namespace {

constexpr std::chrono::seconds limit{10};

class PageDoorTest : public testing::Test {
 protected:
  void SetUp() override { ::signal(SIGPIPE, SIG_IGN); }  // as main() does

  UniqueFd knock(std::string_view words) const {
    UniqueFd knocking = std::move(*connect_unix(path()));
    write_all(knocking.get(), words);
    return knocking;
  }

  // Of all who stand there, the first who comes in.
  std::unique_ptr<Visitor> let_in() {
    while (wait_readable(door_.fd(), std::chrono::milliseconds(0)))
      if (auto visitor = door_.let_in()) return visitor;
    return nullptr;
  }

  static std::string heard(const UniqueFd& knocking) {
    return wait_readable(knocking.get(), limit) ? read_to_end(knocking.get()) : "nothing";
  }

  Path path() const { return folder_.path() / "door"; }

  const fake::TemporaryFolder folder_;
  PageDoor door_{path()};
};

TEST_F(PageDoorTest, GreetsWhoSaysWhichConnectionItIs) {
  const UniqueFd knocking = knock("f");
  auto visitor = let_in();
  ASSERT_TRUE(visitor);
  EXPECT_EQ(visitor->kind, ChannelKind::faults);
  visitor.reset();
  EXPECT_EQ(heard(knocking), page_greeting_line());
}

TEST_F(PageDoorTest, LeavesToTheConnectionWhatComesBehind) {
  const Frame frame{.kind = FrameKind::zero, .process = 7, .address = 4096, .pages = 3};
  std::string words = "b";
  words.append(reinterpret_cast<const char*>(&frame), sizeof frame);
  const UniqueFd knocking = knock(words);
  const auto visitor = let_in();
  ASSERT_TRUE(visitor);
  EXPECT_EQ(visitor->kind, ChannelKind::bulk);
  std::vector<std::byte> payload;
  const auto received = visitor->channel->receive(payload, limit, -1);
  ASSERT_TRUE(received);
  EXPECT_EQ(received->process, 7);
}

TEST_F(PageDoorTest, TakesWhatAHelperHandsOver) {
  auto [near, far] = socket_pair();
  const UniqueFd helper = knock("");
  deliver(helper.get(), 'b', {far.get(), far.get()});
  far.reset();
  auto visitor = let_in();
  ASSERT_TRUE(visitor);
  EXPECT_FALSE(wait_readable(helper.get(), std::chrono::milliseconds(0)));
  visitor.reset();
  EXPECT_EQ(heard(near), page_greeting_line());
  EXPECT_EQ(heard(helper), "");
}

TEST_F(PageDoorTest, WaitsForNobody) {
  const UniqueFd silent = knock("");
  EXPECT_FALSE(let_in());
  const UniqueFd knocking = knock("f");
  EXPECT_TRUE(let_in());
  write_all(silent.get(), "b");
  EXPECT_TRUE(let_in());
}

TEST_F(PageDoorTest, SendsStrangersAway) {
  const UniqueFd knocking = knock("x");
  EXPECT_FALSE(let_in());
  EXPECT_EQ(heard(knocking), "");
  knock("");  // and is gone
  knock("f");
  EXPECT_FALSE(let_in());
}

TEST_F(PageDoorTest, ForgetsTheOldestOfTooManyStrangers) {
  std::vector<UniqueFd> strangers;
  for (int i = 0; i < 9; ++i) strangers.push_back(knock(""));
  EXPECT_FALSE(let_in());
  EXPECT_EQ(heard(strangers.front()), "");
  write_all(strangers.back().get(), "f");
  EXPECT_TRUE(let_in());
}

// A helper that finds none tells the source that no pages are wanted any more.
TEST_F(PageDoorTest, IsNeverAwayWhileItIsOpenedAnew) {
  FolderWatch watch(folder_.path(), IN_DELETE);
  const PageDoor next(path());
  EXPECT_TRUE(watch.names().empty());
  EXPECT_TRUE(connect_unix(path()));
}

}  // namespace
}  // namespace wayferry
