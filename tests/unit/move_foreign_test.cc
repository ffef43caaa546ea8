// SPDX-License-Identifier: MIT
// Which connections of an app lead outside, read from what ss prints.
#include <gtest/gtest.h>

#include "move/foreign_sockets.h"

namespace wayferry {
namespace {

TEST(ForeignSockets, AreThoseWhosePeerIsNotTheApps) {
  constexpr std::string_view printed =
      "u_str ESTAB  0 0                        * 100 * 101\n"
      "u_str ESTAB  0 0                        * 101 * 100\n"
      "u_str ESTAB  0 0                        * 102 * 900\n"
      "u_str ESTAB  0 0  /run/wayferry/wayland-0 900 * 102\n"
      "u_str ESTAB  0 0                        * 103 * 901\n"
      "u_str ESTAB  0 0        /run/pulse/native 901 * 103\n"
      "u_dgr ESTAB  0 0                        * 104 * 902\n"
      "u_str LISTEN 0 4096         /tmp/dbus-xyz 105 * 0\n"
      "u_str ESTAB  0 0                        * 300 * 301\n"
      "something else altogether\n";
  const auto found = foreign_sockets(printed, {100, 101, 102, 103, 104, 105});
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].inode, 103u);
  EXPECT_EQ(found[0].peer, "/run/pulse/native");
  EXPECT_EQ(found[1].inode, 104u);
  EXPECT_EQ(found[1].peer, "");
}

}  // namespace
}  // namespace wayferry
