// SPDX-License-Identifier: MIT
// CRIU's image of open files, with connections that end with the restore.
#include "criu/closed_sockets.h"

#include <gtest/gtest.h>

#include "util/error.h"

namespace wayferry {
namespace {

using namespace std::string_literals;

const std::string image_head = "\x19\x43\x56\x54\x38\x31\x30\x56"s;

std::string file_record(const std::string& message) {
  return static_cast<char>(message.size()) + "\0\0\0"s + message;
}

// A file_entry: type (1), id (2), and usk (16) with id, ino, state, peer and what follows.
std::string socket_file(char inode, const std::string& peer_and_rest) {
  const std::string socket = "\x08\x01\x10"s + inode + "\x20\x01"s + peer_and_rest;
  return file_record("\x08\x0b\x10\x05\x82\x01"s + static_cast<char>(socket.size()) + socket);
}

const std::string regular_file = file_record("\x08\x01\x10\x07\x1a\x02\x08\x07"s);

TEST(ClosedSockets, LoseTheirPeerAndBothEndsAndNothingElse) {
  // The peer 700 is a number of two bytes; the name (11) stands after it.
  const std::string before = image_head + regular_file +
                             socket_file('\x41', "\x40\xbc\x05\x5a\x02xy"s) +
                             socket_file('\x42', "\x40\xbd\x05"s);
  const std::string after = image_head + regular_file +
                            socket_file('\x41', "\x5a\x02xy\x40\x00\x60\x03"s) +
                            socket_file('\x42', "\x40\xbd\x05"s);
  EXPECT_EQ(with_closed_sockets(before, {0x41}), after);
}

TEST(ClosedSockets, ThatWereShutDownAreSoOnce) {
  const std::string before = image_head + socket_file('\x41', "\x40\x09\x60\x01"s);
  const std::string after = image_head + socket_file('\x41', "\x40\x00\x60\x03"s);
  EXPECT_EQ(with_closed_sockets(before, {0x41}), after);
}

TEST(ClosedSockets, ThatAreNotThereAreRefused) {
  const std::string image = image_head + socket_file('\x41', "\x40\x09"s);
  EXPECT_EQ(with_closed_sockets(image, {}), image);
  EXPECT_THROW(with_closed_sockets(image, {0x43}), ProtocolError);
}

TEST(ClosedSockets, OfAnImageCutAnywhereAreRefused) {
  const std::string whole = image_head + socket_file('\x41', "\x40\x09"s);
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_THROW(with_closed_sockets(whole.substr(0, size), {0x41}), ProtocolError) << size;
}

}  // namespace
}  // namespace wayferry
