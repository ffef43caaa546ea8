// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <random>

#include "criu/pagemap.h"
#include "fake/fake_host.h"
#include "move/ahead.h"
#include "move/frozen_stage.h"
#include "move/serve.h"
#include "util/error.h"

namespace wayferry {
namespace {

constexpr pid_t inner = 3;
constexpr uint64_t pages = 1000;
constexpr uint64_t busy_page = 700;
constexpr std::chrono::seconds limit{60};

std::string content(uint64_t number) {
  std::string page(page_size, '\0');
  std::mt19937_64 random(number);
  std::ranges::generate(page, [&] { return static_cast<char>(random()); });
  return page;
}

// A process with some pages of its own, one of which it changes all the time.
class Busy {
 public:
  Busy() {
    void* const at = ::mmap(nullptr, pages * page_size, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(at != MAP_FAILED);
    memory_ = static_cast<char*>(at);
    for (uint64_t i = 0; i < pages; ++i) std::ranges::copy(content(i), page(i));
    void* const small = ::mmap(nullptr, 2 * page_size, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    CHECK(small != MAP_FAILED);
    small_ = static_cast<char*>(small) + page_size;
    CHECK(::mprotect(small, page_size, PROT_NONE) == 0);  // a mapping of its own
    pid_ = check("fork", ::fork());
    if (pid_ == 0) run();
  }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
  ~Busy() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::munmap(memory_, pages * page_size);
    ::munmap(small_ - page_size, 2 * page_size);
  }
  std::map<pid_t, pid_t> processes() const { return {{inner, pid_}}; }
  uint64_t address(uint64_t number) const { return reinterpret_cast<uint64_t>(page(number)); }
  // Of a mapping of one page that it changes, too.
  uint64_t small_address() const { return reinterpret_cast<uint64_t>(small_); }

 private:
  char* page(uint64_t number) const { return memory_ + number * page_size; }
  [[noreturn]] void run() {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    auto* const counter = reinterpret_cast<volatile uint64_t*>(page(busy_page));
    auto* const small = reinterpret_cast<volatile uint64_t*>(small_);
    for (uint64_t i = 0;; ++i) {
      *counter = i;
      *small = i;
    }
  }
  char* memory_;
  char* small_;
  pid_t pid_ = 0;
};

class AheadTest : public testing::Test {
 protected:
  AheadTest() {
    auto [near, far] = socket_pair();
    UniqueFd near_in = near.duplicate();
    UniqueFd far_in = far.duplicate();
    source_.emplace(std::move(near_in), std::move(near), "target");
    target_.emplace(std::move(far_in), std::move(far), "source");
    received_ = std::async(std::launch::async, [this] {
      std::string heard;
      receive_early(*target_, store_, [&](const std::string& told) { heard = told; });
      answer_done(*target_);
      return heard;
    });
    out_.emplace(*source_, report_);
  }

  SentAhead send(const AheadLimits& limits) { return send(limits, busy_.processes()); }

  SentAhead send(const AheadLimits& limits, const std::map<pid_t, pid_t>& processes) {
    auto sent = send_ahead(*out_, processes, limits, [this] { ++calls_; });
    out_->restore_hint("hint");
    out_->early_end(limit);
    EXPECT_EQ(received_.get(), "hint");
    return sent;
  }

  // Whether the page of this content is at the target, where the source thinks it is.
  bool is_there(const std::string& page) const {
    const auto number = out_->early_pages().find(std::as_bytes(std::span(page)));
    if (!number) return false;
    return std::ranges::equal(store_.pages(*number, 1), std::as_bytes(std::span(page)));
  }

  fake::TemporaryFolder folder_;
  Busy busy_;
  EarlyStore store_{folder_.path()};
  MoveReport report_;
  std::optional<Link> source_;
  std::optional<Link> target_;
  std::optional<Outgoing> out_;
  std::future<std::string> received_;
  int calls_ = 0;
};

bool begins_at(const std::vector<AppPages>& places, uint64_t address) {
  return std::ranges::any_of(places, [&](const AppPages& place) {
    return place.process == inner && place.range.start == address;
  });
}

constexpr uint64_t enough = uint64_t{1} << 40;

TEST_F(AheadTest, BringsAllThatStaysTheSame) {
  const auto sent = send({.time = limit, .bytes = enough});
  for (uint64_t i = 0; i < pages; ++i)
    EXPECT_TRUE(i == busy_page || is_there(content(i))) << "page " << i;
  EXPECT_GE(report_.early_bytes, (pages - 1) * page_size);
  const auto looked_at = [&](uint64_t address) {
    return std::ranges::any_of(sent.places, [&](const AppPages& place) {
      return place.process == inner && place.range.start <= address &&
             address < place.range.start + place.range.pages * page_size;
    });
  };
  EXPECT_TRUE(looked_at(busy_.address(0)));
  EXPECT_TRUE(looked_at(busy_.address(pages - 1)));
}

TEST_F(AheadTest, TellsWhatChangesAllTheTime) {
  const auto hot = send({.time = limit, .bytes = enough}).changed;
  EXPECT_TRUE(begins_at(hot, busy_.address(busy_page)));
  EXPECT_FALSE(begins_at(hot, busy_.address(1)));
}

TEST_F(AheadTest, GoesOnWithoutWhoHasEnded) {
  const pid_t ended = check("fork", ::fork());
  if (ended == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(ended, nullptr, 0), ended);
  auto processes = busy_.processes();
  processes[inner - 1] = processes[inner + 1] = ended;
  send({.time = limit, .bytes = enough}, processes);
  EXPECT_TRUE(is_there(content(1)));
}

TEST_F(AheadTest, EndsAtALimitOfBytes) {
  send({.time = limit, .bytes = 1});
  EXPECT_LE(report_.early_bytes, longest_piece);
}

TEST_F(AheadTest, EndsAtALimitOfTime) {
  send({.time = std::chrono::milliseconds(200), .bytes = enough, .bytes_per_second = 1});
  EXPECT_LE(report_.early_bytes, longest_piece);
  EXPECT_GE(calls_, 3);  // not asleep for all of it
}

TEST_F(AheadTest, TellsWhatChangesOfWhatATooShortTimeBrought) {
  // Long enough for the small mappings, which go first, also on a busy machine.
  const auto sent =
      send({.time = std::chrono::seconds(2), .bytes = enough, .bytes_per_second = 1 << 20});
  EXPECT_TRUE(begins_at(sent.changed, busy_.small_address()));
}

TEST_F(AheadTest, IsLeftOutWithoutAnyTimeOrRoom) {
  EXPECT_TRUE(send_ahead(*out_, busy_.processes(), {.time = limit, .bytes = 0}, {}).places.empty());
  EXPECT_TRUE(send({.bytes = enough}).places.empty());
  EXPECT_EQ(report_.early_bytes, 0);
}

}  // namespace
}  // namespace wayferry
