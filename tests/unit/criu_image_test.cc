// SPDX-License-Identifier: MIT
#include "criu/image.h"

#include <gtest/gtest.h>

#include "core_image_of.h"
#include "util/error.h"

namespace wayferry {
namespace {

using namespace std::string_literals;

// core_entry: mtype (1), thread_info (2), then tc (3) whose first field is the state.
std::string core_of(char state) {
  return core_image_of("\x08\x01\x12\x02\x08\x05\x1a\x04\x08"s + state + "\x10\x00"s);
}

TEST(CoreImage, tells_a_stopped_process_from_a_running_one) {
  EXPECT_TRUE(core_image_says_stopped(core_of(3)));
  EXPECT_FALSE(core_image_says_stopped(core_of(1)));
}

TEST(CoreImage, of_a_thread_says_not_stopped) {
  EXPECT_FALSE(core_image_says_stopped(core_image_of("\x08\x01"s)));
}

TEST(CoreImage, that_is_none_is_refused) {
  EXPECT_THROW(core_image_says_stopped(""), ProtocolError);
  EXPECT_THROW(core_image_says_stopped("0123456789abcdef"), ProtocolError);
}

TEST(CoreImage, cut_anywhere_is_refused_or_read_never_overrun) {
  const std::string whole = core_of(3);
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_THROW(core_image_says_stopped(whole.substr(0, size)), ProtocolError) << size;
}

TEST(CoreImage, with_an_endless_number_is_refused) {
  EXPECT_THROW(core_image_says_stopped(core_image_of(std::string(20, '\xff'))), ProtocolError);
}

}  // namespace
}  // namespace wayferry
