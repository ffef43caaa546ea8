// SPDX-License-Identifier: MIT
// CRIU's core images, without what they say of control groups.
#include "criu/inherited_groups.h"

#include <gtest/gtest.h>

#include "core_image_of.h"
#include "util/error.h"

namespace wayferry {
namespace {

using namespace std::string_literals;

// mtype (1); tc (3) with its state (1) and cg_set (9); thread_core (5) with futex_rla (1), cg_set
// (16).
const std::string with_sets =
    core_image_of("\x08\x01\x1a\x04\x08\x01\x48\x02\x2a\x05\x08\x07\x80\x01\x02"s);

TEST(InheritedGroups, AreThoseThatNoImageNames) {
  const std::string without = core_image_of("\x08\x01\x1a\x02\x08\x01\x2a\x02\x08\x07"s);
  EXPECT_EQ(without_group_set(with_sets), without);
  EXPECT_EQ(without_group_set(without), without);
}

TEST(InheritedGroups, AreNotMadeOfImagesCutAnywhere) {
  constexpr size_t magic_numbers = 8;  // after them an image is one without records
  for (size_t size = 0; size < with_sets.size(); ++size) {
    if (size == magic_numbers) continue;
    EXPECT_THROW(without_group_set(with_sets.substr(0, size)), ProtocolError) << size;
  }
}

}  // namespace
}  // namespace wayferry
