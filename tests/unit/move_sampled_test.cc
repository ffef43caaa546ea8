// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "move/sampled_memory.h"
#include "util/error.h"

namespace wayferry {
namespace {

constexpr pid_t inner = 5;
constexpr uint64_t pages = 16384;

bool always() {
  return true;
}

// The app is this process, with 64 MB more.
class SampledMemoryTest : public testing::Test {
 protected:
  SampledMemoryTest() {
    void* const at = ::mmap(nullptr, pages * page_size, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(at != MAP_FAILED);
    memory_ = static_cast<char*>(at);
    for (uint64_t i = 0; i < pages; ++i) std::memcpy(memory_ + i * page_size, &i, sizeof i);
  }
  SampledMemoryTest(const SampledMemoryTest&) = delete;
  SampledMemoryTest& operator=(const SampledMemoryTest&) = delete;
  ~SampledMemoryTest() override { ::munmap(memory_, pages * page_size); }

  uint64_t address(uint64_t page) const {
    return reinterpret_cast<uint64_t>(memory_) + page * page_size;
  }
  // Another one, with the same memory, that does nothing.
  pid_t add_process() {
    const pid_t child = check("fork", ::fork());
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      while (true) ::pause();
    }
    here_[inner + 1] = child;
    return child;
  }
  static void end_process(pid_t child) {
    ::kill(child, SIGKILL);
    EXPECT_EQ(::waitpid(child, nullptr, 0), child);
  }
  // Of these pages, every second.
  void work_at(uint64_t first, uint64_t count) {
    for (uint64_t i = 1; i < count; i += 2) ++memory_[(first + i) * page_size + i % page_size];
  }
  // Of the places, those that begin among these pages.
  uint64_t begin_among(const std::vector<AppPages>& places, uint64_t first, uint64_t count) const {
    return static_cast<uint64_t>(std::ranges::count_if(places, [&](const AppPages& place) {
      return place.process == inner && place.range.start >= address(first) &&
             place.range.start < address(first + count);
    }));
  }

  std::map<pid_t, pid_t> here_{{inner, ::getpid()}};
  char* memory_ = nullptr;
};

TEST_F(SampledMemoryTest, TellsWhereTheAppIsAtWork) {
  SampledMemory sampled(here_);
  sampled.look(always);
  work_at(8000, 2000);
  const auto places = sampled.at_work();
  EXPECT_GT(begin_among(places, 8000, 2000), 0);
  EXPECT_EQ(begin_among(places, 0, 8000), 0);
  EXPECT_EQ(begin_among(places, 10'000, pages - 10'000), 0);
}

// The pages lie in the middle of what no machine has the memory for.
TEST_F(SampledMemoryTest, FindsWhatIsThereInWhatIsOnlyReserved) {
  constexpr uint64_t terabyte = uint64_t{1} << 40;
  void* const reserved = ::mmap(nullptr, terabyte, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(reserved, MAP_FAILED);
  char* const middle = static_cast<char*>(reserved) + terabyte / 2;
  std::fill_n(middle, 2000 * page_size, '1');
  SampledMemory sampled(here_);
  sampled.look(always);
  std::fill_n(middle, 2000 * page_size, '2');
  const auto places = sampled.at_work();
  const auto start = reinterpret_cast<uint64_t>(middle);
  const auto inside = [&](const AppPages& place) {
    return place.range.start >= start && place.range.start < start + 2000 * page_size;
  };
  EXPECT_GT(std::ranges::count_if(places, inside), 50);
  ::munmap(reserved, terabyte);
}

TEST_F(SampledMemoryTest, GoesOnWhereItWasInterrupted) {
  SampledMemory sampled(here_);
  int calls = 2;  // the second of them where something is left to be looked at
  for (int i = 0; calls == 2; ++i) {
    ASSERT_LT(i, 1'000'000);
    calls = 0;
    sampled.look([&] { return ++calls == 1; });
  }
  work_at(8000, 2000);
  const auto places = sampled.at_work();
  EXPECT_GT(begin_among(places, 8000, 2000), 0);
  EXPECT_EQ(begin_among(places, 0, 8000), 0);
}

TEST_F(SampledMemoryTest, IsSpreadOverAllOfItEvenIfThereWasLittleTime) {
  int steps = 0;
  SampledMemory all(here_);
  all.look([&] { return ++steps > 0; });
  int calls = 0;
  SampledMemory some(here_);
  some.look([&] { return ++calls < steps - 24; });  // of 32 or more in which samples are taken
  work_at(0, pages);
  const auto places = some.at_work();
  EXPECT_EQ(calls, steps - 24);
  EXPECT_LT(begin_among(places, 0, pages), begin_among(all.at_work(), 0, pages));
  EXPECT_GT(begin_among(places, 0, pages / 2), 0);
  EXPECT_GT(begin_among(places, pages / 2, pages / 2), 0);
}

TEST_F(SampledMemoryTest, LooksAtNothingWhereThereIsNoTime) {
  SampledMemory sampled(here_);
  sampled.look([] { return false; });
  work_at(0, pages);
  EXPECT_TRUE(sampled.at_work().empty());
}

TEST_F(SampledMemoryTest, KeepsProcessesApart) {
  const pid_t child = add_process();
  SampledMemory sampled(here_);
  sampled.look(always);
  work_at(8000, 2000);
  const auto places = sampled.at_work();
  end_process(child);
  EXPECT_GT(begin_among(places, 8000, 2000), 0);
  EXPECT_EQ(begin_among(places, 0, 8000), 0);
  EXPECT_TRUE(std::ranges::all_of(places, [](const AppPages& p) { return p.process == inner; }));
}

TEST_F(SampledMemoryTest, GoesOnWithoutWhatIsNotThereAnyMore) {
  const pid_t child = add_process();
  SampledMemory sampled(here_);
  sampled.look(always);
  end_process(child);
  work_at(0, pages);
  ASSERT_EQ(::mprotect(memory_ + pages / 2 * page_size, pages / 2 * page_size, PROT_NONE), 0);
  const auto places = sampled.at_work();
  EXPECT_GT(begin_among(places, 0, pages / 2), 0);
  EXPECT_EQ(begin_among(places, pages / 2, pages / 2), 0);
  EXPECT_TRUE(std::ranges::all_of(places, [](const AppPages& p) { return p.process == inner; }));
  SampledMemory of_nobody({{inner + 1, child}});
  of_nobody.look(always);
  EXPECT_TRUE(of_nobody.at_work().empty());
}

}  // namespace
}  // namespace wayferry
