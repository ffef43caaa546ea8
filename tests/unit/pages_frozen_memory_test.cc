// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "criu/pagemap.h"
#include "pages/frozen_memory.h"
#include "util/error.h"

namespace wayferry {
namespace {

constexpr pid_t inner = 7;

// Two pages of a file that has only one: the second cannot be read, and is not there.
class FrozenMemoryTest : public testing::Test {
 protected:
  void SetUp() override {
    const UniqueFd file(check("memfd_create", ::memfd_create("one page", MFD_CLOEXEC)));
    check("ftruncate", ::ftruncate(file.get(), page_size));
    pages_ = ::mmap(nullptr, 2 * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file.get(), 0);
    ASSERT_NE(pages_, MAP_FAILED);
    std::fill_n(static_cast<char*>(pages_), page_size, 'x');
    into_.assign(2 * page_size, std::byte{'?'});
  }
  void TearDown() override { ::munmap(pages_, 2 * page_size); }

  uint64_t address() const { return reinterpret_cast<uint64_t>(pages_); }

  void* pages_ = nullptr;
  std::vector<std::byte> into_;
  FrozenMemory memory_{{{inner, ::getpid()}}};
};

TEST_F(FrozenMemoryTest, IsReadWhereItIs) {
  memory_.read(inner, address(), std::span(into_).first(page_size));
  EXPECT_EQ(std::ranges::count(into_, std::byte{'x'}), page_size);
}

TEST_F(FrozenMemoryTest, IsAnErrorWhereItIsNot) {
  EXPECT_THROW(memory_.read(inner, address(), into_), SystemError);
}

TEST_F(FrozenMemoryTest, IsZerosWhereItNeedNotBe) {
  memory_.read_or_zeros(inner, address(), into_);
  EXPECT_EQ(std::ranges::count(into_, std::byte{'x'}), page_size);
  EXPECT_EQ(std::ranges::count(into_, std::byte{0}), page_size);
}

TEST_F(FrozenMemoryTest, IsReadHereAndThereUpToWhereItIsNot) {
  const uint64_t there = address();
  const uint64_t missing = there + page_size;
  EXPECT_EQ(memory_.read_scattered(inner, std::vector{there, there}, into_), 2);
  EXPECT_EQ(std::ranges::count(into_, std::byte{'x'}), 2 * page_size);
  EXPECT_EQ(memory_.read_scattered(inner, std::vector{there, missing}, into_), 1);
  EXPECT_EQ(memory_.read_scattered(inner, std::vector{missing, there}, into_), 0);
}

TEST_F(FrozenMemoryTest, OfAnUnknownProcessIsAnError) {
  EXPECT_THROW(memory_.read_or_zeros(inner + 1, address(), into_), ProtocolError);
}

}  // namespace
}  // namespace wayferry
