// SPDX-License-Identifier: MIT
#include "pages/page_source.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "pages/streams.h"

namespace wayferry {
namespace {

constexpr pid_t inner = 5;
constexpr uint64_t page_count = 4 * most_read_ahead;
constexpr std::chrono::seconds limit{20};

/// Serves memory of this process; the test plays the target.
class PageSourceTest : public testing::Test {
 protected:
  PageSourceTest() {
    auto [here, there] = socket_pair();
    auto [bulk_here, bulk_there] = socket_pair();
    target_.emplace(here.duplicate(), here.duplicate());
    bulk_end_ = std::move(bulk_here);
    serving_ = std::jthread(
        [this, faults = std::move(there), bulk = std::move(bulk_there)](const auto& stop) {
          Channel faults_there(faults.duplicate(), faults.duplicate());
          Channel bulk_channel(bulk.duplicate(), bulk.duplicate());
          pages_.serve(faults_there, bulk_channel, stop, [] {});
        });
  }

  uint64_t address(uint64_t page) const { return base_ + page * page_size; }

  /// For all of these at once.
  void ask(std::initializer_list<uint64_t> pages) {
    for (const uint64_t page : pages)
      target_->gather(
          {.kind = FrameKind::ask, .process = inner, .address = address(page), .pages = 1}, {});
    target_->flush();
  }

  /// Of the next frame with pages.
  PageRange arrived() {
    std::vector<std::byte> payload;
    Frame frame;
    while (frame.kind == FrameKind::tick) frame = target_->receive(payload, limit, -1).value();
    return {.start = frame.address, .pages = frame.pages};
  }

  PageRange range(uint64_t page, uint64_t pages) const {
    return {.start = address(page), .pages = pages};
  }

  std::vector<std::byte> bytes_ = std::vector((page_count + 1) * page_size, std::byte{7});
  uint64_t base_ = (reinterpret_cast<uint64_t>(bytes_.data()) / page_size + 1) * page_size;
  FrozenMemory memory_{{{inner, ::getpid()}}};
  PageSource pages_{memory_, {{inner, {{.start = base_, .pages = page_count}}}}, 0};
  std::optional<Channel> target_;
  UniqueFd bulk_end_;
  std::jthread serving_;
};

TEST_F(PageSourceTest, SendsThePageAloneAndThenInPiecesWhatComesAlong) {
  ask({0});
  EXPECT_EQ(arrived(), range(0, 1));
  EXPECT_EQ(arrived(), range(1, 15));
  ask({16});  // reads on
  EXPECT_EQ(arrived(), range(16, 1));
  EXPECT_EQ(arrived(), range(17, 16));
  EXPECT_EQ(arrived(), range(33, 14));
}

TEST_F(PageSourceTest, AnswersWhatIsStillToComeAlongAtOnce) {
  ask({0, 15});
  EXPECT_EQ(arrived(), range(0, 1));
  EXPECT_EQ(arrived(), range(15, 1));
  EXPECT_EQ(arrived(), range(1, 15));
}

}  // namespace
}  // namespace wayferry
