// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "pages/big_pages.h"
#include "util/error.h"

namespace wayferry {
namespace {

constexpr size_t block = size_t{2} << 20;
constexpr size_t blocks = 80;
constexpr uint64_t least = 64 * block;
constexpr std::chrono::seconds limit{60};

// Whole blocks of small pages, each filled with its own number.
class BigPagesTest : public testing::Test {
 protected:
  void SetUp() override {
    void* const at = ::mmap(nullptr, (blocks + 1) * block, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(at, MAP_FAILED);
    mapping_ = static_cast<char*>(at);
    const auto place = reinterpret_cast<uintptr_t>(at);
    memory_ = mapping_ + ((block - place % block) % block);
    // Small ones, even where the host gives big ones by itself.
    ASSERT_EQ(::prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), 0);
    for (size_t i = 0; i < blocks * block; ++i) memory_[i] = content(i);
    ASSERT_EQ(::prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0), 0);
  }
  void TearDown() override { ::munmap(mapping_, (blocks + 1) * block); }

  static char content(size_t at) { return static_cast<char>(at / block + 1); }

  // Of all this process: nothing else of it is so large.
  static uint64_t in_big_pages() {
    std::ifstream rollup("/proc/self/smaps_rollup");
    for (std::string word; rollup >> word;) {
      uint64_t kilobytes = 0;
      if (word == "AnonHugePages:" && rollup >> kilobytes) return kilobytes << 10;
    }
    return 0;
  }

  void expect_all_content() const {
    size_t wrong = 0;
    for (size_t i = 0; i < blocks * block; ++i) wrong += memory_[i] != content(i);
    EXPECT_EQ(wrong, 0);
  }

  char* mapping_ = nullptr;
  char* memory_ = nullptr;
};

// A kernel without big pages, or without PAGEMAP_SCAN, gives none, and must be no error.
bool kernel_can() {
  return std::filesystem::exists("/sys/kernel/mm/transparent_hugepage/enabled");
}

TEST_F(BigPagesTest, HoldWhatTheSmallOnesHeld) {
  const uint64_t before = in_big_pages();
  const uint64_t made = make_big_pages(::getpid(), least, limit);
  EXPECT_EQ(made, kernel_can() ? blocks * block : 0);
  EXPECT_EQ(in_big_pages() - before, made);
  expect_all_content();
  EXPECT_EQ(make_big_pages(::getpid(), least, limit), 0) << "there is nothing left to do";
}

TEST_F(BigPagesTest, LeaveHolesAlone) {
  ASSERT_EQ(::madvise(memory_ + 3 * block + 4096, 4096, MADV_DONTNEED), 0);
  EXPECT_EQ(make_big_pages(::getpid(), least, limit), kernel_can() ? (blocks - 1) * block : 0);
}

TEST_F(BigPagesTest, LeaveLittleMemoryAlone) {
  ASSERT_EQ(::munmap(memory_ + 40 * block, 40 * block), 0);
  EXPECT_EQ(make_big_pages(::getpid(), least, limit), 0);
}

TEST_F(BigPagesTest, LeaveAloneWhatAForkShares) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[1]);
    char byte = 0;
    ::_exit(::read(ends[0], &byte, 1) == 0 ? 0 : 1);  // until the parent closes it
  }
  ::close(ends[0]);
  EXPECT_EQ(make_big_pages(::getpid(), least, limit), 0);
  ::close(ends[1]);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
}

TEST_F(BigPagesTest, EndInTime) {
  EXPECT_EQ(make_big_pages(::getpid(), least, std::chrono::milliseconds(0)), 0);
}

TEST(BigPages, AreNoErrorForAProcessThatHasEnded) {
  const pid_t child = check("fork", ::fork());
  if (child == 0) ::_exit(0);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(make_big_pages(child, least, limit), 0);
}

}  // namespace
}  // namespace wayferry
