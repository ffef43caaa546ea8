// SPDX-License-Identifier: MIT
#include "engine/segment.h"

#include <gtest/gtest.h>

#include "util/error.h"

namespace wayferry {
namespace {

TEST(Segment, is_read_with_and_without_a_gateway) {
  const auto plain = segment_from("macvlan:eth1,10.88.0.5/24");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->kind, Segment::Kind::macvlan);
  EXPECT_EQ(plain->device, "eth1");
  EXPECT_EQ(plain->address, "10.88.0.5");
  EXPECT_EQ(plain->length, 24);
  EXPECT_EQ(plain->gateway, "");
  const auto routed = segment_from("bridge:br0,10.88.0.5/16,10.88.0.1");
  ASSERT_TRUE(routed);
  EXPECT_EQ(routed->kind, Segment::Kind::bridge);
  EXPECT_EQ(routed->gateway, "10.88.0.1");
}

TEST(Segment, is_no_name_of_another_network) {
  EXPECT_FALSE(segment_from("none"));
  EXPECT_FALSE(segment_from("bridge"));  // Docker's
  EXPECT_FALSE(segment_from("lan:ip=10.88.0.5"));
}

TEST(Segment, is_nothing_that_a_shell_or_ip_would_read_otherwise) {
  for (const char* bad :
       {"macvlan:", "macvlan:eth1", "macvlan:eth1,10.88.0.5", "macvlan:eth1,10.88.0.5/0",
        "macvlan:eth1,10.88.0.5/33", "macvlan:eth1,10.88.0.5/24x", "macvlan:eth1,fe80::1/64",
        "macvlan:,10.88.0.5/24", "macvlan:-x,10.88.0.5/24", "macvlan:a b,10.88.0.5/24",
        "macvlan:a;b,10.88.0.5/24", "macvlan:sixteen_letters_,10.88.0.5/24",
        "macvlan:eth1,10.88.0.5/24,", "macvlan:eth1,10.88.0.5/24,10.88.0.1;reboot",
        "bridge:br0,10.88.0.5/24,10.88.0.1,10.88.0.2"})
    EXPECT_THROW(segment_from(bad), Failure) << bad;
}

TEST(Segment, has_a_hardware_address_that_follows_from_its_own) {
  EXPECT_EQ(hardware_address(*segment_from("macvlan:eth1,10.88.0.255/24")), "02:57:0a:58:00:ff");
}

}  // namespace
}  // namespace wayferry
