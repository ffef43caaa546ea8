// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <format>

#include "util/descriptor_limit.h"
#include "util/process.h"

namespace wayferry {
namespace {

constexpr rlim_t few = 300;

TEST(DescriptorLimit, IsRaisedForUsAndForThoseWhoNeedIt) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  ASSERT_GT(limit.rlim_max, few);
  limit.rlim_cur = few;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  raise_descriptor_limit();
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(limit.rlim_cur, limit.rlim_max);
  EXPECT_EQ(run_checked({"sh", "-c", "ulimit -Sn; ulimit -Hn"}),
            std::format("{}\n{}\n", few, limit.rlim_max));
  const std::string is_few = std::format("test $(ulimit -Sn) = {}", few);
  EXPECT_EQ(spawn({"sh", "-c", is_few}).wait(), 0);
  EXPECT_EQ(spawn({"sh", "-c", is_few}, {.many_descriptors = true}).wait(), 1);
}

}  // namespace
}  // namespace wayferry
