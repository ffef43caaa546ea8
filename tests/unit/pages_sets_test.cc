// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "criu/pagemap.h"
#include "pages/channel.h"
#include "pages/faults_first.h"
#include "pages/intervals.h"
#include "pages/ledger.h"
#include "pages/missing.h"
#include "pages/packing.h"
#include "pages/read_ahead.h"
#include "pages/streams.h"

namespace wayferry {
namespace {

constexpr uint64_t page(uint64_t number) {
  return number * page_size;
}

TEST(Intervals, AreCutByWhatIsRemoved) {
  Intervals set;
  set.add({.start = page(10), .pages = 10});
  set.remove({.start = page(12), .pages = 3});
  EXPECT_EQ(set.pages(), 7);
  EXPECT_TRUE(set.contains(page(11)));
  EXPECT_FALSE(set.contains(page(12)));
  EXPECT_EQ(set.first_from(page(11), 64), (PageRange{.start = page(11), .pages = 1}));
  EXPECT_EQ(set.first_from(page(12), 2), (PageRange{.start = page(15), .pages = 2}));
  EXPECT_FALSE(set.first_from(page(20), 1));
}

TEST(Intervals, CountNoPageTwice) {
  Intervals set;
  set.add({.start = page(1), .pages = 4});
  set.add({.start = page(3), .pages = 4});
  EXPECT_EQ(set.pages(), 6);
}

TEST(Streams, ReadFurtherAheadForSomebodyWhoGoesOn) {
  Streams streams;
  EXPECT_EQ(streams.ask(5, page(100)), 15);
  EXPECT_EQ(streams.ask(5, page(116)), 30);
  EXPECT_EQ(streams.ask(5, page(147)), 60);
  EXPECT_EQ(streams.ask(5, page(208)), most_read_ahead);
  EXPECT_EQ(streams.ask(5, page(273)), most_read_ahead);
}

TEST(Streams, AreSeveralAtOnce) {
  Streams streams;
  streams.ask(5, page(100));
  streams.ask(5, page(50'000));
  streams.ask(7, page(100));
  EXPECT_EQ(streams.ask(5, page(116)), 30);
  EXPECT_EQ(streams.ask(5, page(50'016)), 30);
  EXPECT_EQ(streams.ask(7, page(116)), 30);
}

TEST(Streams, TakeTurnsAndStartWhereTheAppIs) {
  Streams streams;
  EXPECT_EQ(streams.turn().next, 0);  // nobody has asked for anything
  streams.ask(5, page(100));
  streams.ask(7, page(900));
  Streams::Stream& first = streams.turn();
  EXPECT_EQ(first.process, 5);
  EXPECT_EQ(first.next, page(116));
  first.next = page(400);
  EXPECT_EQ(streams.turn().next, page(916));
  EXPECT_EQ(streams.turn().next, page(400));
}

TEST(Streams, DoNotStepBackToWhatIsOnItsWay) {
  Streams streams;
  streams.ask(5, page(100));
  streams.turn().next = page(1000);  // bulk is far ahead, the app waits for what has not come yet
  streams.ask(5, page(120));
  EXPECT_EQ(streams.turn().next, page(1000));
  EXPECT_EQ(streams.turn().next, page(1000));  // it is still one
}

TEST(Streams, ForgetTheOneThatAskedLongestAgo) {
  Streams streams;
  for (uint64_t i = 0; i < 5; ++i) streams.ask(5, page(10'000 * (i + 1)));
  EXPECT_EQ(streams.ask(5, page(20'016)), 30);  // still known
  EXPECT_EQ(streams.ask(5, page(10'016)), 15);  // was forgotten
}

class ReadAheadTest : public testing::Test {
 protected:
  /// The pages that are due at this moment, by their number.
  std::vector<uint64_t> due(std::chrono::microseconds after) {
    std::vector<uint64_t> pages;
    while (const auto piece = behind_.take(start_ + after))
      for (uint64_t i = 0; i < piece->range.pages; ++i)
        pages.push_back(piece->range.start / page_size + i);
    return pages;
  }

  void add(uint64_t first, uint64_t pages, std::chrono::microseconds after = {}) {
    behind_.add({.process = 5, .range = {.start = page(first), .pages = pages}}, start_ + after);
  }

  ReadAhead::Clock::time_point start_ = ReadAhead::Clock::now();
  ReadAhead behind_;
};

TEST_F(ReadAheadTest, LetsThePageLeaveFirst) {
  EXPECT_FALSE(behind_.wait(start_));
  add(10, 3);
  const auto pause = behind_.wait(start_).value();
  EXPECT_GT(pause, std::chrono::seconds(0));
  EXPECT_FALSE(behind_.take(start_ + pause / 2));
  EXPECT_EQ(behind_.wait(start_ + pause), std::chrono::seconds(0));
  EXPECT_EQ(due(std::chrono::seconds(1)), (std::vector<uint64_t>{10, 11, 12}));
  EXPECT_FALSE(behind_.wait(start_));
}

TEST_F(ReadAheadTest, ComesInPiecesAndInOrder) {
  add(100, 40);
  add(7, 2, std::chrono::microseconds(1));
  const auto later = start_ + std::chrono::seconds(1);
  EXPECT_EQ(behind_.take(later)->range, (PageRange{.start = page(100), .pages = 16}));
  EXPECT_EQ(behind_.wait(later), std::chrono::seconds(0));
  EXPECT_EQ(behind_.take(later)->range, (PageRange{.start = page(116), .pages = 16}));
  EXPECT_EQ(behind_.take(later)->range, (PageRange{.start = page(132), .pages = 8}));
  EXPECT_EQ(behind_.take(later)->range, (PageRange{.start = page(7), .pages = 2}));
}

class LedgerTest : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }
  const Path path_ = testing::TempDir() + "wayferry-ledger-" + std::to_string(::getpid());
};

TEST_F(LedgerTest, IsReadByASuccessor) {
  const Ledger::Ranges lazy{
      {5, {{.start = page(10), .pages = 70}, {.start = page(200), .pages = 3}}},
      {7, {{.start = page(10), .pages = 1}}}};
  const Ledger::Entry entry{
      .what = Ledger::What::dropped, .space = 1, .a = page(10), .b = page(12)};
  {
    Ledger ledger = Ledger::create(path_, lazy);
    ledger.note(entry);
    ledger.arrived(5, {.start = page(79), .pages = 122});  // the end of one, the begin of the next
    ledger.arrived(7, {.start = page(10), .pages = 1});
    ledger.arrived(9, {.start = page(10), .pages = 1});  // nobody
  }
  const Ledger ledger = Ledger::open(path_);
  EXPECT_FALSE(ledger.torn());
  EXPECT_EQ(ledger.lazy(), lazy);
  ASSERT_EQ(ledger.entries().size(), 1);
  EXPECT_EQ(ledger.entries()[0], entry);
  EXPECT_EQ(ledger.arrived(5), (std::vector<PageRange>{{.start = page(79), .pages = 1},
                                                       {.start = page(200), .pages = 1}}));
  EXPECT_EQ(ledger.arrived_pages(), 3);
  EXPECT_EQ(ledger.all_pages(), 74);
}

TEST_F(LedgerTest, IsTornByADeathWhileReading) {
  Ledger::create(path_, {}).begin_reading();
  EXPECT_TRUE(Ledger::open(path_).torn());
}

TEST_F(LedgerTest, IsTornByMoreEventsThanItHolds) {
  Ledger ledger = Ledger::create(path_, {});
  for (int i = 0; i <= 1 << 16; ++i) ledger.note({.what = Ledger::What::dropped});
  EXPECT_TRUE(ledger.torn());
  EXPECT_EQ(ledger.entries().size(), 1u << 16);
}

TEST_F(LedgerTest, IsNoOtherFile) {
  write_file(path_, std::string(4096, 'x'));
  EXPECT_THROW(Ledger::open(path_), ProtocolError);
}

TEST(Missing, KnowsWhereAPageWasAfterItMoved) {
  Missing missing({{.start = page(100), .pages = 8}});
  missing.remap(page(102), page(500), page(2));
  EXPECT_EQ(missing.find(page(501)), page(103));
  EXPECT_FALSE(missing.find(page(102)));
  const auto pieces = missing.pieces({.start = page(100), .pages = 8});
  ASSERT_EQ(pieces.size(), 3);
  EXPECT_EQ(pieces[2], (Missing::Piece{.now = page(500), .at_source = page(102), .pages = 2}));
  EXPECT_EQ(missing.pages(), 8);
}

TEST(Missing, ForgetsWhatLayWhereAMappingMovesTo) {
  Missing missing({{.start = page(1), .pages = 2}, {.start = page(10), .pages = 2}});
  missing.remap(page(1), page(10), page(2));
  EXPECT_EQ(missing.pages(), 2);
  EXPECT_EQ(missing.find(page(10)), page(1));
}

TEST(Missing, IsEmptyOnceAllIsRemoved) {
  Missing missing({{.start = page(1), .pages = 3}});
  missing.remove(page(2), 1);
  EXPECT_EQ(missing.all().size(), 2);
  missing.remove(page(0), 10);
  EXPECT_TRUE(missing.empty());
}

// Both want a lock that a third one holds; who asked last is in a hurry.
TEST(FaultsFirst, GoBeforeThosePatient) {
  FaultsFirst lock;
  std::vector<std::string> order;
  auto held = lock.patient();
  std::jthread hurried([&] {
    const auto own = lock.urgent();
    order.emplace_back("urgent");
  });
  while (lock.waiting() == 0) std::this_thread::yield();
  std::jthread other([&] {
    const auto own = lock.patient();
    order.emplace_back("patient");
  });
  held.unlock();
  hurried.join();
  other.join();
  EXPECT_EQ(order, (std::vector<std::string>{"urgent", "patient"}));
}

TEST(Packing, BringsBackWhatWasPacked) {
  std::vector<std::byte> pages(2 * page_size, std::byte{7});
  std::vector<std::byte> packed;
  const auto smaller = pack(pages, packed);
  ASSERT_TRUE(smaller);
  EXPECT_LT(smaller->size(), pages.size() / 8);
  std::vector<std::byte> again(pages.size());
  unpack(*smaller, again);
  EXPECT_EQ(pages, again);
  EXPECT_THROW(unpack(*smaller, std::span(again).first(page_size)), ProtocolError);
}

// A source as it is: it compresses if it is told to, gives what it has to a buffer of 1 MB, and
// stands still while that is full. A simulated clock: a second per byte of link and processor.
class PackingOver {
 public:
  PackingOver(double link, double processor, double ratio)
      : link_(link), processor_(processor), ratio_(ratio) {}

  void give(uint64_t bytes) {
    for (uint64_t given = 0; given < bytes; given += run) give_run();
  }
  void set_link(double link) { link_ = link; }
  /// How much of what was given is in what was sent.
  double sent_part() const { return static_cast<double>(sent_) / static_cast<double>(given_); }
  void forget() { sent_ = given_ = 0; }

 private:
  static constexpr uint64_t run = 256u << 10;
  static constexpr uint64_t room = 1u << 20;

  void pass(double seconds) {
    now_ += std::chrono::duration_cast<Packing::Clock::duration>(Packing::Duration(seconds));
    buffered_ -= std::min(buffered_, seconds / link_);
  }

  void give_run() {
    double bytes = run;
    pass(run * 0.3e-9);  // to read it
    if (packing_.worth_it()) {
      pass(run * processor_);
      packing_.compressed(run, static_cast<size_t>(run * ratio_),
                          Packing::Duration(run * processor_));
      bytes *= ratio_;
    }
    const double too_much = buffered_ + bytes - room;
    if (too_much > 0) pass(too_much * link_);
    buffered_ += bytes;
    packing_.sent(static_cast<size_t>(bytes), too_much > 0, now_);
    given_ += run;
    sent_ += static_cast<uint64_t>(bytes);
  }

  double link_;
  double processor_;
  double ratio_;
  Packing packing_;
  Packing::Clock::time_point now_;
  double buffered_ = 0;
  uint64_t given_ = 0;
  uint64_t sent_ = 0;
};

// Text over 1 Gbit/s: to compress it takes a good part of what it saves, but not while the link
// stands still.
TEST(Packing, IsUsedOverALinkSlowerThanTheProcessor) {
  PackingOver source(/*link=*/8.5e-9, /*processor=*/3e-9, /*ratio=*/0.65);
  source.give(64u << 20);
  EXPECT_LT(source.sent_part(), 0.75);  // soon …
  source.forget();
  source.give(512u << 20);
  EXPECT_LT(source.sent_part(), 0.66);  // … and for good
}

TEST(Packing, IsLeftWhereTheLinkIsFasterThanTheProcessor) {
  PackingOver source(/*link=*/1e-9, /*processor=*/3e-9, /*ratio=*/0.5);
  source.give(512u << 20);
  EXPECT_GT(source.sent_part(), 0.95);
}

TEST(Packing, IsLeftWhereItBringsNothing) {
  PackingOver source(/*link=*/8.5e-9, /*processor=*/0.3e-9, /*ratio=*/1);
  source.give(64u << 20);
  EXPECT_EQ(source.sent_part(), 1);
}

TEST(Packing, FollowsALinkThatChanges) {
  PackingOver source(/*link=*/8.5e-9, /*processor=*/3e-9, /*ratio=*/0.65);
  source.give(128u << 20);
  source.set_link(1e-9);
  source.give(128u << 20);
  source.forget();
  source.give(128u << 20);
  EXPECT_GT(source.sent_part(), 0.95);
  source.set_link(20e-9);
  source.give(128u << 20);
  source.forget();
  source.give(128u << 20);
  EXPECT_LT(source.sent_part(), 0.66);
}

TEST(Packing, DoesNotTakeAnIdleLinkForASlowOne) {
  Packing packing;
  Packing::Clock::time_point now;
  const auto milliseconds = [](int count) { return std::chrono::milliseconds(count); };
  packing.worth_it();
  packing.compressed(1'000'000, 500'000, milliseconds(3));
  int compressed = 0;
  for (int i = 0; i < 320; ++i) {
    packing.sent(1'000'000, /*waited=*/true, now += milliseconds(1));
    packing.sent(1'000'000, /*waited=*/true, now += milliseconds(1));
    packing.interrupted(now += milliseconds(100));
    compressed += packing.worth_it() ? 1 : 0;
  }
  EXPECT_LE(compressed, 10);  // only to see
}

TEST(Channel, RefusesAFrameThatMakesNoSense) {
  auto [here, there] = socket_pair();
  Channel sender(here.duplicate(), here.duplicate());
  Channel receiver(there.duplicate(), there.duplicate());
  sender.send({.kind = FrameKind::raw, .address = page(1), .pages = most_pages + 1, .size = 0});
  std::vector<std::byte> payload;
  EXPECT_THROW(receiver.receive(payload, std::chrono::seconds(1), -1), ProtocolError);
}

TEST(Channel, SaysThatTheOtherSideIsGone) {
  auto [here, there] = socket_pair();
  Channel channel(here.duplicate(), here.duplicate());
  there.reset();
  std::vector<std::byte> payload;
  EXPECT_THROW(channel.receive(payload, std::chrono::seconds(1), -1), ChannelLost);
}

TEST(Pagemap, ListsOnlyWhatIsLazy) {
  // Head {pages_id 1}; {0x1000, 2 pages, lazy}; {0x5000, 1 page, present}.
  const std::string_view image(
      "\x19\x43\x56\x54\x25\x40\x08\x56"
      "\x02\x00\x00\x00\x08\x01"
      "\x07\x00\x00\x00\x08\x80\x20\x10\x02\x20\x02"
      "\x08\x00\x00\x00\x08\x80\xa0\x01\x10\x01\x20\x04",
      8 + 6 + 11 + 12);
  EXPECT_EQ(lazy_ranges(image), (std::vector<PageRange>{{.start = 0x1000, .pages = 2}}));
  EXPECT_THROW(lazy_ranges(image.substr(0, 20)), ProtocolError);
  EXPECT_THROW(lazy_ranges("no image at all"), ProtocolError);
}

}  // namespace
}  // namespace wayferry
