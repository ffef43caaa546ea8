// SPDX-License-Identifier: MIT
// Which layers of an image need not be sent to a host.
#include <gtest/gtest.h>

#include "move/image_bringer.h"

namespace wayferry {
namespace {

using Layers = std::set<std::string>;

TEST(LayersThere, AreTheLowestThatSomeImageSharesFromTheBottom) {
  const std::string own = R"(["sha256:a","sha256:b","sha256:c"])"
                          "\n";
  EXPECT_EQ(layers_there(own, ""), Layers());
  EXPECT_EQ(layers_there(own, R"(["sha256:a"])"
                              "\n"
                              R"(["sha256:a","sha256:b","sha256:x"])"
                              "\n"),
            (Layers{"a", "b"}));
  EXPECT_EQ(layers_there(own, R"(["sha256:a","sha256:b","sha256:c","sha256:d"])"),
            (Layers{"a", "b", "c"}));
}

TEST(LayersThere, DoNotCountElsewhereInAnImage) {
  EXPECT_EQ(layers_there(R"(["sha256:a","sha256:b"])", R"(["sha256:b","sha256:a"])"), Layers());
}

TEST(LayersThere, AreNoneWhereTheEngineSaysSomethingElse) {
  EXPECT_EQ(layers_there("null\n", R"(["sha256:a"])"), Layers());
  EXPECT_EQ(layers_there(R"(["sha256:a"])", "Error: no such command\n"), Layers());
}

}  // namespace
}  // namespace wayferry
