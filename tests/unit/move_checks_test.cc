// SPDX-License-Identifier: MIT
#include "move/checks.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "move/facts.h"
#include "util/error.h"

namespace wayferry {
namespace {

transfer::Facts facts() {
  transfer::Facts facts;
  facts.set_architecture("x86_64");
  facts.add_cpu_features("avx");
  facts.add_cpu_features("avx2");
  facts.set_criu_version("4.1.1");
  facts.set_images_free(1000);
  facts.set_disk_free(1000);
  facts.set_memory_free(1000);
  return facts;
}

std::string refusal(const transfer::Facts& here, const transfer::Facts& there, Needs needs = {}) {
  try {
    require_fit(here, there, needs, "beta");
    return "";
  } catch (const Failure& failure) {
    return failure.what();
  }
}

TEST(Checks, EqualHostsFit) {
  EXPECT_EQ(refusal(facts(), facts()), "");
}

TEST(Checks, ANewerProcessorAndCriuFit) {
  transfer::Facts there = facts();
  there.add_cpu_features("avx512f");
  there.set_criu_version("4.10");
  EXPECT_EQ(refusal(facts(), there), "");
}

TEST(Checks, NameWhatIsMissing) {
  transfer::Facts old_processor = facts();
  old_processor.mutable_cpu_features()->RemoveLast();
  EXPECT_NE(refusal(facts(), old_processor).find("beta: the processor lacks"), std::string::npos);
  transfer::Facts old_criu = facts();
  old_criu.set_criu_version("3.19");
  EXPECT_NE(refusal(facts(), old_criu).find("CRIU 3.19"), std::string::npos);
  transfer::Facts other = facts();
  other.set_architecture("aarch64");
  EXPECT_NE(refusal(facts(), other).find("aarch64"), std::string::npos);
  EXPECT_NE(refusal(facts(), facts(), {.memory = 2000, .files = 0}), "");
  EXPECT_NE(refusal(facts(), facts(), {.memory = 0, .files = 2000}).find("beta: "),
            std::string::npos);
}

TEST(Checks, NameMemoryThatWouldBeMissedLater) {
  EXPECT_EQ(refusal(facts(), facts(), {.following = 1000}), "");
  EXPECT_NE(refusal(facts(), facts(), {.following = 1001}).find("beta: the app's memory needs"),
            std::string::npos);
}

TEST(Checks, ChooseTheModeThatWasLeftOpen) {
  transfer::Facts unable = facts();
  unable.add_lazy_obstacles()->set_text("no userfaultfd");
  std::string why;
  EXPECT_TRUE(choose_lazy(MoveMode::best, facts(), facts(), "beta", why));
  EXPECT_EQ(why, "");
  EXPECT_FALSE(choose_lazy(MoveMode::best, facts(), unable, "beta", why));
  EXPECT_NE(why.find("beta: no userfaultfd"), std::string::npos);
  EXPECT_THROW(choose_lazy(MoveMode::lazy, facts(), unable, "beta", why), Failure);
  EXPECT_FALSE(choose_lazy(MoveMode::eager, facts(), facts(), "beta", why));
}

TEST(Checks, VersionsCompareAsNumbers) {
  EXPECT_LT(version_numbers("4.9"), version_numbers("4.10"));
  EXPECT_LT(version_numbers("3.19"), version_numbers("4.1.1"));
}

TEST(Facts, CountTheMemoryOfProcesses) {
  constexpr uint64_t size = 32 << 20;
  const uint64_t before = memory_of({::getpid()}).following;
  const std::vector<char> memory(size, 'x');
  EXPECT_GE(memory_of({::getpid()}).following, before + size / 2);
  EXPECT_GE(memory_of({::getpid(), ::getpid()}).following, 2 * before + size);
  EXPECT_EQ(memory.back(), 'x');
}

TEST(Facts, ReadWhatProgramsMayUse) {
  EXPECT_EQ(instruction_sets("processor\t: 0\nflags\t\t: fpu avx2 constant_tsc retpoline aes\n"),
            (std::vector<std::string>{"avx2", "aes"}));
  EXPECT_EQ(instruction_sets("Features\t: fp asimd\n"), (std::vector<std::string>{"fp", "asimd"}));
}

}  // namespace
}  // namespace wayferry
