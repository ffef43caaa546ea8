// SPDX-License-Identifier: MIT
#include "engine/root.h"

#include <gtest/gtest.h>

namespace wayferry {
namespace {

TEST(OverlayOptions, name_the_skeleton_above_the_base) {
  EXPECT_EQ(
      overlay_options({.base = "/base", .skeleton = "/b/sk", .writable = "/w", .mount = "/m"}),
      "lowerdir=/b/sk:/base,upperdir=/w/upper,workdir=/w/work");
}

TEST(OverlayOptions, escape_what_would_separate) {
  EXPECT_EQ(
      overlay_options({.base = "/a:b,c", .skeleton = "/sk", .writable = "/w:1,2", .mount = "/m"}),
      "lowerdir=/sk:/a\\:b\\,c,upperdir=/w:1\\,2/upper,workdir=/w:1\\,2/work");
}

}  // namespace
}  // namespace wayferry
