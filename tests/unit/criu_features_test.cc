// SPDX-License-Identifier: MIT
#include "criu/features.h"

#include <gtest/gtest.h>

namespace wayferry {
namespace {

TEST(CriuVersion, is_read_from_what_criu_prints) {
  EXPECT_EQ(parse_criu_version("Version: 4.1.1\n"), (CriuVersion{4, 1, 1}));
  EXPECT_EQ(parse_criu_version("Version: 3.17\nGitID: v3.17\n"), (CriuVersion{3, 17, 0}));
}

TEST(CriuVersion, of_other_words_is_none) {
  EXPECT_EQ(parse_criu_version("criu: command not found"), std::nullopt);
  EXPECT_EQ(parse_criu_version("Version: unknown"), std::nullopt);
  EXPECT_EQ(parse_criu_version(""), std::nullopt);
}

TEST(CriuVersion, orders_by_number_not_by_text) {
  EXPECT_LT((CriuVersion{3, 17, 0}), (CriuVersion{4, 0, 0}));
  EXPECT_GT((CriuVersion{4, 10, 0}), (CriuVersion{4, 9, 0}));
  EXPECT_EQ(to_string(CriuVersion{4, 1, 1}), "4.1.1");
  EXPECT_EQ(to_string(CriuVersion{4, 2, 0}), "4.2");
}

}  // namespace
}  // namespace wayferry
