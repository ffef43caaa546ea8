// SPDX-License-Identifier: MIT
#include "session/frame.h"

#include <gtest/gtest.h>

#include "move/transfer.pb.h"
#include "util/error.h"

namespace wayferry {
namespace {

class Frame : public testing::Test {
 protected:
  std::optional<std::string> read_from(std::string_view bytes) {
    write_all(ours_.get(), bytes);
    ours_.reset();
    return read_frame(theirs_.get(), 100, "test");
  }

  std::pair<UniqueFd, UniqueFd> pair_ = socket_pair();
  UniqueFd& ours_ = pair_.first;
  UniqueFd& theirs_ = pair_.second;
};

TEST_F(Frame, CarriesAMessage) {
  transfer::ToTarget sent;
  sent.mutable_file_data()->set_data("abc");
  write_frame(ours_.get(), sent);
  transfer::ToTarget got;
  parse_frame(got, *read_frame(theirs_.get(), 100, "test"), "test");
  EXPECT_EQ(got.file_data().data(), "abc");
}

TEST_F(Frame, IsWhatTheWirePageShows) {
  transfer::ToTarget message;
  message.mutable_image_data()->set_name("core-6.img");
  message.mutable_image_data()->set_offset(4);
  message.mutable_image_data()->set_data("abc");
  write_frame(ours_.get(), message);
  ours_.reset();
  EXPECT_EQ(read_to_end(theirs_.get()), std::string("\x15\0\0\0\x3a\x13\x0a\x0a", 8) +
                                            "core-6.img" + "\x10\x04\x1a\x03" + "abc");
}

TEST_F(Frame, EndsBetweenMessages) {
  EXPECT_EQ(read_from(""), std::nullopt);
}

TEST_F(Frame, CutInALengthIsAnError) {
  EXPECT_THROW(read_from(std::string_view("\x05\0", 2)), ProtocolError);
}

TEST_F(Frame, CutInAMessageIsAnError) {
  EXPECT_THROW(read_from(std::string_view("\x05\0\0\0abc", 7)), ProtocolError);
}

TEST_F(Frame, TooLongIsRefusedBeforeItIsRead) {
  EXPECT_THROW(read_from(std::string_view("\xff\xff\xff\xff", 4)), ProtocolError);
}

TEST_F(Frame, NonsenseIsNoMessage) {
  transfer::ToTarget message;
  EXPECT_THROW(parse_frame(message, "\xff\xff\xff", "test"), ProtocolError);
}

}  // namespace
}  // namespace wayferry
