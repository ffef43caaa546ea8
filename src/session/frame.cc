// SPDX-License-Identifier: MIT
#include "session/frame.h"

#include <bit>
#include <cstring>

#include "util/error.h"

namespace wayferry {
namespace {

static_assert(std::endian::native == std::endian::little, "lengths are written as they lie here");

constexpr size_t length_size = sizeof(uint32_t);

}  // namespace

void write_frame(int fd, const google::protobuf::MessageLite& message) {
  const size_t size = message.ByteSizeLong();
  CHECK(size <= UINT32_MAX);
  std::string frame(length_size + size, '\0');
  const auto length = static_cast<uint32_t>(size);
  std::memcpy(frame.data(), &length, length_size);
  CHECK(message.SerializeToArray(frame.data() + length_size, static_cast<int>(size)));
  write_all(fd, frame);
}

std::optional<std::string> read_frame(int fd, uint32_t longest, const std::string& where) {
  uint32_t length = 0;
  const size_t got = read_full(fd, std::as_writable_bytes(std::span(&length, 1)));
  if (got == 0) return std::nullopt;
  if (got < length_size) throw ProtocolError(where, "the stream ends inside a length");
  if (length > longest)
    throw ProtocolError(where, "a message of " + std::to_string(length) + " bytes, " +
                                   std::to_string(longest) + " are allowed");
  std::string bytes(length, '\0');
  if (read_full(fd, std::as_writable_bytes(std::span(bytes))) < length)
    throw ProtocolError(where, "the stream ends inside a message");
  return bytes;
}

void parse_frame(google::protobuf::MessageLite& into, const std::string& bytes,
                 const std::string& where) {
  if (!into.ParseFromString(bytes)) throw ProtocolError(where, "not a message of this protocol");
}

}  // namespace wayferry
