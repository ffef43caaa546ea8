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
  const SampledMemory sampled(here_, always);
  work_at(8000, 2000);
  const auto places = sampled.at_work();
  EXPECT_GT(begin_among(places, 8000, 2000), 0);
  EXPECT_EQ(begin_among(places, 0, 8000), 0);
  EXPECT_EQ(begin_among(places, 10'000, pages - 10'000), 0);
}

TEST_F(SampledMemoryTest, IsSpreadOverAllOfItEvenIfThereWasLittleTime) {
  int calls = 0;
  const SampledMemory sampled(here_, [&] { return ++calls <= 8; });
  work_at(0, pages);
  const auto places = sampled.at_work();
  EXPECT_EQ(calls, 9);
  EXPECT_LE(places.size(), 8 * 32);
  EXPECT_GT(begin_among(places, 0, pages / 2), 0);
  EXPECT_GT(begin_among(places, pages / 2, pages / 2), 0);
}

TEST_F(SampledMemoryTest, LooksAtNothingWhereThereIsNoTime) {
  const SampledMemory sampled(here_, [] { return false; });
  work_at(0, pages);
  EXPECT_TRUE(sampled.at_work().empty());
}

TEST_F(SampledMemoryTest, KeepsProcessesApart) {
  const pid_t child = add_process();
  const SampledMemory sampled(here_, always);
  work_at(8000, 2000);
  const auto places = sampled.at_work();
  end_process(child);
  EXPECT_GT(begin_among(places, 8000, 2000), 0);
  EXPECT_EQ(begin_among(places, 0, 8000), 0);
  EXPECT_TRUE(std::ranges::all_of(places, [](const AppPages& p) { return p.process == inner; }));
}

TEST_F(SampledMemoryTest, GoesOnWithoutWhatIsNotThereAnyMore) {
  const pid_t child = add_process();
  const SampledMemory sampled(here_, always);
  end_process(child);
  work_at(0, pages);
  ASSERT_EQ(::mprotect(memory_ + pages / 2 * page_size, pages / 2 * page_size, PROT_NONE), 0);
  const auto places = sampled.at_work();
  EXPECT_GT(begin_among(places, 0, pages / 2), 0);
  EXPECT_EQ(begin_among(places, pages / 2, pages / 2), 0);
  EXPECT_TRUE(std::ranges::all_of(places, [](const AppPages& p) { return p.process == inner; }));
  const SampledMemory of_nobody({{inner + 1, child}}, always);
  EXPECT_TRUE(of_nobody.at_work().empty());
}

}  // namespace
}  // namespace wayferry
