// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "pages/channel.h"
#include "pages/hot_pages.h"
#include "pages/send_order.h"

namespace wayferry {
namespace {

constexpr pid_t inner = 5;

constexpr PageRange pages(uint64_t first, uint64_t count) {
  return {.start = first * page_size, .pages = count};
}

/// What can be taken now, in order: the first page of each piece; names negative.
std::vector<int64_t> take_all(SendOrder& order) {
  std::vector<int64_t> taken;
  while (const auto piece = order.take_next()) {
    const auto first = static_cast<int64_t>(piece->range.start / page_size);
    taken.push_back(piece->only_names ? -first : first);
    order.sent(piece->process, piece->range, piece->only_names ? 0 : piece->range.pages);
  }
  return taken;
}

class SendOrderTest : public testing::Test {
 protected:
  SendOrderTest() : order_(lazy(1000)) {}

  static std::map<pid_t, Intervals> lazy(uint64_t count) {
    std::map<pid_t, Intervals> all;
    all[inner].add(pages(1, count));
    return all;
  }

  void list(uint64_t first, uint64_t count) {
    order_.want(inner, pages(first, count));
    order_.end_list();
  }

  SendOrder order_;
};

TEST_F(SendOrderTest, NamesComeBeforeTheListAndAreNotSentAfterIt) {
  order_.use_early({{.process = inner, .range = pages(100, 70)}});
  order_.begin_connection();
  EXPECT_EQ(take_all(order_), (std::vector<int64_t>{-100, -164}));
  list(1, 169);
  order_.let_flow();
  EXPECT_EQ(take_all(order_), (std::vector<int64_t>{1, 65}));
}

TEST_F(SendOrderTest, WhatCannotBeNamedComesAfterTheList) {
  order_.use_early({{.process = inner, .range = pages(100, 3)}});
  order_.begin_connection();
  const auto piece = order_.take_next();
  ASSERT_TRUE(piece);
  order_.put_back(inner, pages(101, 1));
  EXPECT_FALSE(order_.take_next());
  list(101, 1);
  EXPECT_EQ(take_all(order_), (std::vector<int64_t>{101}));
}

TEST_F(SendOrderTest, WhatIsTakenWhenTheListComesIsSentOnce) {
  order_.use_early({{.process = inner, .range = pages(100, 3)}});
  order_.begin_connection();
  const auto piece = order_.take_next();
  ASSERT_TRUE(piece);
  list(100, 3);
  order_.sent(inner, piece->range, 0);
  order_.let_flow();
  EXPECT_FALSE(order_.take_next());
}

TEST_F(SendOrderTest, APreferredPageBringsItsWindowButNotForEver) {
  std::vector<HotPage> hot;
  for (uint64_t i = 0; i < 40; ++i)
    hot.push_back({.process = inner, .address = pages(1 + 20 * i, 1).start});
  order_.prefer(with_windows(hot));
  order_.begin_connection();
  EXPECT_EQ(take_all(order_).size(), 256 / hot_window);
  list(1, 1000);
  EXPECT_EQ(take_all(order_).size(), 40 - 256 / hot_window);
}

TEST_F(SendOrderTest, WhatIsOnlyNamedIsNoContent) {
  order_.prefer({{.process = inner, .range = pages(1, 1000)}});
  order_.begin_connection();
  uint64_t taken = 0;
  while (const auto piece = order_.take_next()) {
    taken += piece->range.pages;
    order_.sent(piece->process, piece->range, piece->range.pages / 2);
  }
  EXPECT_EQ(taken, 2 * most_early_content);
}

// The target may have some of it, and bears no more than was agreed.
TEST_F(SendOrderTest, AnotherConnectionBringsNoOtherContentBeforeItsList) {
  order_.prefer({{.process = inner, .range = pages(1, 1000)}});
  order_.begin_connection();
  take_all(order_);
  order_.begin_connection();
  EXPECT_FALSE(order_.take_next());
}

TEST_F(SendOrderTest, NoMoreNamesBeforeTheAppRunsThanCanBePutInPlace) {
  SendOrder order(lazy(20'000));
  order.use_early({{.process = inner, .range = pages(1, 20'000)}});
  order.begin_connection();
  EXPECT_EQ(take_all(order).size(), 16384 / 64);
  order.want(inner, pages(1, 20'000));
  order.end_list();
  EXPECT_EQ(take_all(order), (std::vector<int64_t>{}));
  order.let_flow();
  const auto next = order.take_next();
  ASSERT_TRUE(next);
  EXPECT_TRUE(next->only_names);
  EXPECT_EQ(next->range, pages(16385, 64));
}

TEST_F(SendOrderTest, AnotherConnectionHasNoNames) {
  order_.use_early({{.process = inner, .range = pages(100, 3)}});
  order_.begin_connection();
  take_all(order_);
  order_.begin_connection();
  EXPECT_FALSE(order_.take_next());
  list(100, 3);
  order_.let_flow();
  EXPECT_EQ(take_all(order_), (std::vector<int64_t>{100}));
}

}  // namespace
}  // namespace wayferry
