// SPDX-License-Identifier: MIT
#pragma once

#include <google/protobuf/message_lite.h>

#include <cstdint>
#include <optional>
#include <string>

#include "util/io.h"

// Messages on a stream: a length (uint32, little endian) and as many bytes of protobuf. Used on the
// monitor's control socket and between hosts. A reader names the largest length it accepts before
// it allocates anything; what is longer, cut short or not protobuf is a ProtocolError.

namespace wayferry {

/// Sends length and message with one write, so that a small message is one packet.
void write_frame(int fd, const google::protobuf::MessageLite& message);

/// The next message's bytes; nothing at the end of the stream, if it ends between two messages.
std::optional<std::string> read_frame(int fd, uint32_t longest, const std::string& where);

void parse_frame(google::protobuf::MessageLite& into, const std::string& bytes,
                 const std::string& where);

}  // namespace wayferry
