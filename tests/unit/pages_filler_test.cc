// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <random>
#include <thread>

#include "pages/descriptors.h"
#include "pages/filler.h"
#include "pages/page_source.h"
#include "pages/streams.h"

// Both ends at once, with the real kernel between: a child process is the frozen app at the source,
// a region of this one the restored app, at the same addresses, and the test itself plays CRIU.

namespace wayferry {
namespace {

// Where neither the loader nor a sanitizer puts anything, and where the thread sanitizer lets a
// program have anything at all.
#ifdef __SANITIZE_THREAD__
constexpr uint64_t base = 0x100'0000'0000;
#else
constexpr uint64_t base = 0x2000'0000'0000;
#endif
constexpr uint64_t page_count = 700;
constexpr pid_t inner = 5;
constexpr std::chrono::seconds limit{20};

std::byte* map_region() {
  void* const at =
      ::mmap(reinterpret_cast<void*>(base), page_count * page_size, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  CHECK(at == reinterpret_cast<void*>(base));
  return static_cast<std::byte*>(at);
}

using Page = std::array<std::byte, page_size>;

// Every third page holds zeros, the others what nobody can compress: a rate is one of bytes sent.
Page content(uint64_t page) {
  Page bytes{};
  if (page % 3 == 0) return bytes;
  std::mt19937_64 random(page);
  std::ranges::generate(bytes, [&] { return static_cast<std::byte>(random()); });
  return bytes;
}

UniqueFd open_uffd() {
  UniqueFd fd(static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK)));
  if (!fd) return fd;
  uffdio_api api{
      .api = UFFD_API,
      .features = UFFD_FEATURE_EVENT_REMOVE | UFFD_FEATURE_EVENT_UNMAP | UFFD_FEATURE_EVENT_REMAP};
  check("UFFDIO_API", ::ioctl(fd.get(), UFFDIO_API, &api));
  return fd;
}

class FillerTest : public testing::Test {
 protected:
  void SetUp() override {
    ::signal(SIGPIPE, SIG_IGN);  // as main() does: a cut connection is an answer, not the end
    uffd_ = open_uffd();
    if (!uffd_) GTEST_SKIP() << "no userfaultfd for us";
    char name[] = "/tmp/wayferry-pages-XXXXXX";
    folder_ = ::mkdtemp(name);
    start_source();
    map_region();
    uffdio_register range{.range = {.start = base, .len = page_count * page_size},
                          .mode = UFFDIO_REGISTER_MODE_MISSING};
    check("UFFDIO_REGISTER", ::ioctl(uffd_.get(), UFFDIO_REGISTER, &range));
    write_pagemap();
    filler_.emplace(places(), grace, keeper());
    if (restore_begins_) play_criu();
  }

  Filler::Places places() const {
    return {
        .images = folder_, .work = folder_, .door = folder_ / "door", .ledger = folder_ / "ledger"};
  }

  Spaces::Keep keeper() {
    return [this](int uffd) { kept_.emplace_back(::fcntl(uffd, F_DUPFD_CLOEXEC, 0)); };
  }

  // As if it had been killed: it says nothing to anybody, and its descriptors are closed.
  void kill_filler_and_succeed() {
    cut();
    serving_.join();
    filler_.reset();
    std::vector<UniqueFd> kept = std::exchange(kept_, {});
    filler_.emplace(places(), grace, keeper(), std::move(kept));
  }

  void TearDown() override {
    if (folder_.empty()) return;
    filler_.reset();
    serving_ = {};
    ::kill(source_, SIGKILL);
    ::waitpid(source_, nullptr, 0);
    uffd_.reset();  // or munmap would wait for somebody to read of it
    kept_.clear();
    ::munmap(reinterpret_cast<void*>(base), page_count * page_size);
    std::filesystem::remove_all(folder_);
  }

  void start_source() {
    auto [ours, theirs] = socket_pair();
    source_ = ::fork();
    if (source_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that dies leaves no source behind
      std::byte* const memory = map_region();
      for (uint64_t i = 0; i < page_count; ++i)
        std::ranges::copy(content(i), memory + i * page_size);
      // What the app itself must not read travels too.
      ::mprotect(memory + 310 * page_size, page_size, PROT_NONE);
      (void)!::write(theirs.get(), "r", 1);
      while (true) ::pause();
    }
    char ready = 0;
    check("read", ::read(ours.get(), &ready, 1));
  }

  // Head, then one entry: address 1, pages 2 (varints), flags 4 = lazy.
  void write_pagemap() {
    std::string entry("\x08", 1);
    const auto varint = [&](uint64_t value) {
      for (; value >= 0x80; value >>= 7) entry += static_cast<char>(value | 0x80);
      entry += static_cast<char>(value);
    };
    varint(base);
    entry += '\x10';
    varint(page_count);
    entry += "\x20\x02";
    std::string image("\x19\x43\x56\x54\x25\x40\x08\x56\x02\x00\x00\x00\x08\x01", 14);
    image += static_cast<char>(entry.size());
    image += std::string(3, '\0') + entry;
    write_file(folder_ / "pagemap-5.img", image);
  }

  void play_criu() {
    const auto door = connect_unix(folder_ / "lazy-pages.socket");
    const int32_t words[2] = {inner, 0x52535446};
    write_all(door->get(), std::as_bytes(std::span(words).first(1)));
    deliver(door->get(), 0, {uffd_.get()});
    write_all(door->get(), std::as_bytes(std::span(words).last(1)));
  }

  UniqueFd connect_through_helper(ChannelKind kind) {
    auto [near, far] = socket_pair();
    helpers_.push_back(std::move(*connect_unix(folder_ / "door")));
    deliver(helpers_.back().get(), static_cast<char>(kind), {far.get(), far.get()});
    return std::move(near);
  }

  UniqueFd connect_directly(ChannelKind kind) {
    UniqueFd near = std::move(*connect_unix(folder_ / "door"));
    write_all(near.get(), std::as_bytes(std::span(&kind, 1)));
    return near;
  }

  std::unique_ptr<Channel> connect(ChannelKind kind) {
    const std::lock_guard lock(ends_mutex_);  // a test may cut while its source connects
    UniqueFd near = has_helpers_ ? connect_through_helper(kind) : connect_directly(kind);
    std::string greeting(page_greeting_line().size(), ' ');
    read_full(near.get(), std::as_writable_bytes(std::span(greeting)));
    EXPECT_EQ(greeting, page_greeting_line());
    ends_.push_back(near.duplicate());
    auto second = near.duplicate();
    return std::make_unique<Channel>(std::move(near), std::move(second));
  }

  void cut() {
    const std::lock_guard lock(ends_mutex_);
    for (const UniqueFd& end : ends_) ::shutdown(end.get(), SHUT_RDWR);
  }

  // Of the second connection: then nobody holds it any more but the test and the filler.
  void close_second_end() {
    const std::lock_guard lock(ends_mutex_);
    ends_.at(1).reset();
  }

  void serve(uint64_t rate = 0, const EarlyPages* early = nullptr, PageRange looked_at = {}) {
    memory_.emplace(std::map<pid_t, pid_t>{{inner, source_}});
    pages_.emplace(
        *memory_,
        std::map<pid_t, std::vector<PageRange>>{{inner, {{.start = base, .pages = page_count}}}},
        rate);
    pages_->prefer(with_windows(preferred_));
    if (early) pages_->use_early(*early, {{.process = inner, .range = looked_at}});
    if (flows_at_once_) pages_->let_flow();
    serve_again();
  }

  void serve_again() {
    serving_ = std::jthread([this](const std::stop_token& stop) {
      const auto faults = connect(ChannelKind::faults);
      const auto bulk = connect(ChannelKind::bulk);
      try {
        served_ = pages_->serve(*faults, *bulk, stop, [this] { cut(); });
      } catch (const ChannelLost&) {
        served_ = false;
      }
    });
  }

  // CRIU's restore ends after it has handed over; the fake one's message may still be under way.
  void await_hand_over() {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (filler_->numbers().missing == 0 && std::chrono::steady_clock::now() < end)
      std::this_thread::yield();
  }

  bool flows_at_once_ = true;
  bool has_helpers_ = true;
  static constexpr uint64_t slow = 2'000'000;  // bytes a second

  // Slowly, so that the cut comes in the middle.
  void serve_and_cut(const EarlyPages* early = nullptr, PageRange looked_at = {}) {
    serve(slow, early, looked_at);
    await_hand_over();
    filler_->drain();
    while (filler_->numbers().filled < 100) std::this_thread::yield();
    cut();
    serving_.join();
  }

  static bool has_content(uint64_t page) {
    const auto* const at = reinterpret_cast<const std::byte*>(base) + page * page_size;
    return std::ranges::equal(std::span(at, page_size), content(page));
  }

  static void expect_all_content() {
    for (uint64_t i = 0; i < page_count; ++i) ASSERT_TRUE(has_content(i)) << "page " << i;
  }

  static constexpr std::chrono::seconds grace{1};
  bool restore_begins_ = true;
  std::vector<HotPage> preferred_;
  UniqueFd uffd_;
  std::vector<UniqueFd> kept_;
  Path folder_;
  pid_t source_ = -1;
  std::mutex ends_mutex_;  // for the next two
  std::vector<UniqueFd> ends_;
  std::vector<UniqueFd> helpers_;
  std::optional<FrozenMemory> memory_;
  std::optional<PageSource> pages_;
  std::atomic<bool> served_ = false;
  std::optional<Filler> filler_;
  std::jthread serving_;
};

class EarlyFillerTest : public FillerTest {
 protected:
  EarlyFillerTest() { restore_begins_ = false; }
};

// It may still be sending what goes ahead of the app, which takes as long as it takes.
TEST_F(EarlyFillerTest, BearsASourceThatHasNothingToSayBeforeTheRestore) {
  const auto faults = connect(ChannelKind::faults);
  const auto bulk = connect(ChannelKind::bulk);
  std::vector<std::byte> payload;
  for (auto ticks = std::chrono::milliseconds(0); ticks <= channel_silence + tick_pause;) {
    const auto frame = faults->receive(payload, limit, -1);  // ChannelLost would be the failure
    ASSERT_TRUE(frame);
    if (frame->kind == FrameKind::tick) ticks += tick_pause;
  }
  EXPECT_TRUE(filler_->connected());
}

TEST_F(FillerTest, AnswersFaultsWhateverIsPushed) {
  serve(/*rate=*/100'000);  // one frame of 64 pages, and then nothing for seconds
  EXPECT_TRUE(has_content(100));
  EXPECT_EQ(filler_->numbers().faults, 1);
  EXPECT_GE(filler_->numbers().missing, page_count - 16 - most_pages);
}

TEST_F(FillerTest, FillsEverythingAndBothSidesKnow) {
  serve();
  await_hand_over();
  filler_->drain();
  ASSERT_TRUE(filler_->wait_drained(limit));
  EXPECT_TRUE(filler_->wait_acknowledged(limit));
  serving_.join();
  EXPECT_TRUE(served_);
  EXPECT_EQ(filler_->numbers().filled, page_count);
  EXPECT_EQ(filler_->numbers().zeros, (page_count + 2) / 3);
  expect_all_content();
}

TEST_F(FillerTest, TakesConnectionsThatLeadToItsDoorItself) {
  has_helpers_ = false;
  serve_and_cut();
  serve_again();
  ASSERT_TRUE(filler_->wait_drained(limit));
  EXPECT_TRUE(filler_->wait_acknowledged(limit));
  serving_.join();
  EXPECT_TRUE(served_);
  expect_all_content();
}

// The source closes both connections behind its last word, and they are ssh sessions of their own.
TEST_F(FillerTest, HearsTheSourcesLastWordAfterTheEndOfTheBulk) {
  const auto faults = connect(ChannelKind::faults);
  auto bulk = connect(ChannelKind::bulk);
  await_hand_over();
  filler_->drain();
  bulk->send({.kind = FrameKind::zero, .process = inner, .address = base, .pages = page_count});
  std::vector<std::byte> payload;
  const auto await = [&](FrameKind kind) {
    while (faults->receive(payload, limit, -1).value().kind != kind) continue;
  };
  await(FrameKind::drained);
  close_second_end();
  bulk.reset();
  await(FrameKind::tick);  // it may have been on its way
  await(FrameKind::tick);
  faults->send({.kind = FrameKind::drained});
  EXPECT_TRUE(filler_->wait_acknowledged(limit));
}

TEST_F(FillerTest, GoesOnWhereABrokenConnectionEnded) {
  serve_and_cut();
  EXPECT_FALSE(served_);
  serve_again();
  ASSERT_TRUE(filler_->wait_drained(limit));
  expect_all_content();
}

TEST_F(FillerTest, SaysWhatIsLostWhenNobodyComesBack) {
  serve_and_cut();
  EXPECT_THROW(filler_->wait_drained(limit), Failure);
}

TEST_F(FillerTest, AnotherOneGoesOnWhereItWasKilled) {
  serve(/*rate=*/2'000'000);
  await_hand_over();
  filler_->drain();
  while (filler_->numbers().filled < 100) std::this_thread::yield();
  auto* const memory = reinterpret_cast<std::byte*>(base);
  ASSERT_EQ(::madvise(memory + 600 * page_size, 10 * page_size, MADV_DONTNEED), 0);
  const uint64_t before = filler_->numbers().arrived;
  kill_filler_and_succeed();
  EXPECT_GE(filler_->numbers().arrived, before);
  EXPECT_EQ(filler_->numbers().missing + filler_->numbers().arrived + 10, page_count);
  serve_again();
  ASSERT_TRUE(filler_->wait_drained(limit));
  // What was given back to the kernel under the first one stays zero under the second.
  EXPECT_EQ(memory[605 * page_size], std::byte{0});
  for (uint64_t i = 0; i < 600; ++i) ASSERT_TRUE(has_content(i)) << "page " << i;
  EXPECT_TRUE(has_content(611));
}

TEST_F(FillerTest, NobodyGoesOnWithATornLedger) {
  serve();
  await_hand_over();
  while (!filler_->connected()) std::this_thread::yield();  // or there is nothing to cut yet
  Ledger::open(folder_ / "ledger").begin_reading();
  EXPECT_THROW(kill_filler_and_succeed(), Failure);
}

TEST_F(FillerTest, WhatTheAppGivesBackStaysZero) {
  serve();
  ASSERT_EQ(
      ::madvise(reinterpret_cast<void*>(base + 50 * page_size), 10 * page_size, MADV_DONTNEED), 0);
  EXPECT_EQ(reinterpret_cast<const std::byte*>(base)[55 * page_size], std::byte{0});
  filler_->drain();
  ASSERT_TRUE(filler_->wait_drained(limit));
  EXPECT_EQ(filler_->numbers().dropped, 10);
  EXPECT_EQ(reinterpret_cast<const std::byte*>(base)[55 * page_size], std::byte{0});
  EXPECT_TRUE(has_content(61));
}

// Pages 100 to 399 have gone ahead; one of them has changed since.
class AheadFillerTest : public FillerTest {
 protected:
  static constexpr uint64_t first = 100;
  static constexpr uint64_t end = 400;
  static constexpr uint64_t changed = 200;  // holds no zeros
  static constexpr PageRange looked_at{.start = base + first * page_size, .pages = end - first};

  void SetUp() override {
    FillerTest::SetUp();
    if (folder_.empty()) return;  // skipped
    for (uint64_t i = first; i < end; ++i) {
      Page page = content(i);
      if (i == changed) page[0] ^= std::byte{1};
      if (early_.add(page)) store_.emplace_back(page);  // all zeros are one
    }
  }

  void use_store(size_t begin_with) {
    there_.emplace(folder_);
    for (const Page& page : std::span(store_).subspan(begin_with)) there_->add(page);
    there_->complete();
    filler_->use_early(*there_);
  }

  // How many of these pages hold no zeros and have not changed.
  static uint64_t known(uint64_t from, uint64_t to) {
    uint64_t count = 0;
    for (uint64_t i = from; i < to; ++i) count += i % 3 != 0 && i != changed;
    return count;
  }

  EarlyPages early_;
  std::vector<Page> store_;
  std::optional<EarlyStore> there_;
};

class NamedFillerTest : public AheadFillerTest {
 protected:
  NamedFillerTest() { restore_begins_ = false; }
};

TEST_F(AheadFillerTest, TakesWhatIsStillTheSameFromThere) {
  use_store(0);
  serve(0, &early_, looked_at);
  await_hand_over();
  filler_->drain();
  ASSERT_TRUE(filler_->wait_drained(limit));
  serving_.join();
  expect_all_content();
  const uint64_t ahead = known(first, end);
  EXPECT_EQ(pages_->numbers().known_pages, ahead);
  const uint64_t content_pages = page_count - (page_count + 2) / 3;
  EXPECT_LT(pages_->numbers().wire_bytes, (content_pages - ahead + 16) * page_size);
}

TEST_F(AheadFillerTest, BringsOnlyWhatIsThereBeforeTheAppRuns) {
  use_store(0);
  flows_at_once_ = false;
  serve(0, &early_, looked_at);
  await_hand_over();
  while (pages_->numbers().bulk_pages < 1) std::this_thread::yield();  // the one that changed
  EXPECT_TRUE(has_content(1));  // asked for, it comes nevertheless
  EXPECT_EQ(pages_->numbers().known_pages, known(first, end));
  EXPECT_EQ(pages_->numbers().bulk_pages, 1);
  pages_->let_flow();
  filler_->drain();
  ASSERT_TRUE(filler_->wait_drained(limit));
  expect_all_content();
}

// Names, and the content of what is preferred, come before there is anything to put them into; and
// then nobody asks for one of these pages over the link.
TEST_F(NamedFillerTest, WhatComesBeforeTheRestoreIsNotAskedFor) {
  use_store(0);
  flows_at_once_ = false;
  preferred_ = {{.process = inner, .address = base + changed * page_size}};
  serve(0, &early_, looked_at);
  while (pages_->numbers().known_pages < known(first, end)) std::this_thread::yield();
  const auto on_its_way = [this] {
    const std::lock_guard lock(ends_mutex_);
    int bytes = 0;
    check("SIOCOUTQ", ::ioctl(ends_.at(1).get(), SIOCOUTQ, &bytes));
    return bytes;
  };
  while (on_its_way() > 0) std::this_thread::yield();
  play_criu();
  // The last frame has been read, those before it have been heard. What is asked for comes, and
  // what is read next; all else would be in the way of the restore.
  EXPECT_TRUE(has_content(first));
  const auto filled = [&] { return filler_->numbers().filled; };
  while (filled() < 1 + first_read_ahead) std::this_thread::yield();
  EXPECT_EQ(filled(), 1 + first_read_ahead);
  // From the end, so that not all comes along.
  for (uint64_t i = end - most_pages; i-- > first;) ASSERT_TRUE(has_content(i)) << "page " << i;
  EXPECT_EQ(pages_->numbers().asked, 0);
  EXPECT_EQ(pages_->numbers().bulk_pages, 1);  // the one that changed
  pages_->let_flow();
  filler_->drain();
  ASSERT_TRUE(filler_->wait_drained(limit));
  expect_all_content();
}

// Some of it before the app may run.
TEST_F(NamedFillerTest, WhatIsWantedFirstIsPutInPlaceBeforeTheAppRuns) {
  constexpr uint64_t wanted = 20;
  use_store(0);
  flows_at_once_ = false;
  preferred_ = {{.process = inner, .address = base + changed * page_size}};
  serve(0, &early_, looked_at);
  play_criu();
  await_hand_over();
  filler_->place_first(wanted);
  const auto filled = [&] { return filler_->numbers().filled; };
  while (filled() < wanted) std::this_thread::yield();
  EXPECT_TRUE(has_content(changed));
  EXPECT_TRUE(has_content(changed + 1));
  EXPECT_LT(filled(), wanted + most_pages);
  EXPECT_EQ(pages_->numbers().asked, 0);
  pages_->let_flow();
  filler_->drain();
  ASSERT_TRUE(filler_->wait_drained(limit));
  expect_all_content();
}

TEST_F(EarlyFillerTest, KeepsNoMoreContentThanWasAgreed) {
  const auto faults = connect(ChannelKind::faults);
  const auto bulk = connect(ChannelKind::bulk);
  const Page page = content(1);
  for (uint64_t i = 0; i <= most_early_content + most_pages; ++i) {
    Frame frame{.kind = FrameKind::raw,
                .process = inner,
                .address = base + i * page_size,
                .pages = 1,
                .size = page_size};
    frame.checksum = checksum_of(frame, page);
    bulk->send(frame, page);
  }
  EXPECT_THROW(filler_->wait_drained(limit), ProtocolError);
}

TEST_F(AheadFillerTest, LooksForThemWhereTheyWereOnly) {
  use_store(0);
  constexpr uint64_t middle = 300;
  serve(0, &early_, {.start = looked_at.start, .pages = middle - first});
  await_hand_over();
  filler_->drain();
  ASSERT_TRUE(filler_->wait_drained(limit));
  serving_.join();
  expect_all_content();
  EXPECT_EQ(pages_->numbers().known_pages, known(first, middle));
}

TEST_F(AheadFillerTest, AsksForContentAgainOverAnotherConnection) {
  use_store(0);
  serve_and_cut(&early_, looked_at);
  const uint64_t before = pages_->numbers().known_pages;
  serve_again();
  ASSERT_TRUE(filler_->wait_drained(limit));
  expect_all_content();
  EXPECT_EQ(pages_->numbers().known_pages, before);
}

TEST_F(AheadFillerTest, TakesNothingThatIsSomethingElse) {
  use_store(1);  // so that each number means the page after
  serve(0, &early_, looked_at);
  await_hand_over();
  filler_->drain();
  EXPECT_THROW(filler_->wait_drained(limit), ProtocolError);
}

TEST_F(AheadFillerTest, TakesNothingFromAnEmptyStore) {
  serve(0, &early_, looked_at);
  await_hand_over();
  filler_->drain();
  EXPECT_THROW(filler_->wait_drained(limit), ProtocolError);
}

}  // namespace
}  // namespace wayferry
