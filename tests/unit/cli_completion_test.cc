// SPDX-License-Identifier: MIT
#include "cli/completion.h"

#include <gtest/gtest.h>

#include "cli/host.h"
#include "cli/verbs.h"

namespace wayferry {
namespace {

class Completion : public testing::TestWithParam<const char*> {
 protected:
  Completion() { add_all(root_, host_); }

  LocalHost host_ = real_host();
  CLI::App root_{"", "wayferry"};
};

INSTANTIATE_TEST_SUITE_P(Shell, Completion, testing::Values("bash", "zsh", "fish"));

TEST_P(Completion, KnowsWhatTheHelpShows) {
  const std::string script = completion_script(root_, GetParam());
  for (const char* word : {"move", "doctor", "resolve", "rootfs", "follow"})
    EXPECT_NE(script.find(word), std::string::npos) << word;
}

TEST_P(Completion, DoesNotOfferWhatIsHidden) {
  const std::string script = completion_script(root_, GetParam());
  for (const char* word : {"receive", "fail-at", "generate-completion"})
    EXPECT_EQ(script.find(word), std::string::npos) << word;
}

TEST_F(Completion, EveryVerbHasADescription) {
  for (const CLI::App* verb : root_.get_subcommands({}))
    EXPECT_FALSE(verb->get_description().empty());
}

}  // namespace
}  // namespace wayferry
