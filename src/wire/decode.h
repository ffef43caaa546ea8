// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "util/io.h"
#include "wire/protocol.h"

// Reading messages of the wire format: words of 32 bits in the host's byte order; a header of
// object id, then size << 16 | opcode. Nothing here trusts its input: sizes, string ends, nulls and
// padding are checked before anything is believed, and an error names the argument and its byte.
// It knows no objects: whether an id exists is the caller's question.

namespace wayferry {

constexpr size_t header_size = 8;
constexpr size_t max_message_size = 65532;  // the size field has 16 bits, messages are whole words
// libwayland writes at most 20 (WL_CLOSURE_MAX_ARGS), and sends at most 28 descriptors at once
// (MAX_FDS_OUT): a message that is all descriptors fits as well.
constexpr size_t max_args = 28;

struct Header {
  uint32_t object;
  uint16_t opcode;
  uint16_t size;  ///< of the whole message, with its header
};

/// Throws ProtocolError for a size that no message can have.
[[noreturn]] void refuse_size(const Header& header);

/// Reads a header; nothing if fewer than eight bytes are there. Throws ProtocolError for a size
/// that no message can have. Inline, because it is asked once more than there are messages.
inline std::optional<Header> read_header(Bytes bytes) {
  if (bytes.size() < header_size) return std::nullopt;
  uint32_t words[2];
  std::memcpy(words, bytes.data(), header_size);
  const Header header{words[0], static_cast<uint16_t>(words[1] & 0xffff),
                      static_cast<uint16_t>(words[1] >> 16)};
  if (header.size < header_size || header.size % 4 != 0) refuse_size(header);
  return header;
}

/// Bytes of a body. Unlike a span it begins with nothing at all: room for many arguments is made
/// for every message, and to clear it would cost more than to read one.
class Piece {
 public:
  Piece() = default;
  Piece(Bytes bytes) : start_(bytes.data()), size_(bytes.size()) {}
  operator Bytes() const { return {start_, size_}; }

 private:
  const std::byte* start_;
  size_t size_;
};

/// One argument as it stands in the body. Descriptors are counted only: they travel beside.
struct Value {
  uint32_t word;     ///< the number or id; of strings and arrays, the length
  uint32_t offset;   ///< byte in the body where `word` stands
  Piece data;        ///< contents of a string (without its end) or array
  uint32_t version;  ///< of a new_id that names its interface (`data` is the name)

  /// Field by field: a whole Value would be put together elsewhere first, for every argument.
  void start_at(uint32_t at) {
    word = version = 0;
    offset = at;
    data = {};
  }
};

struct Decoded {
  std::array<Value, max_args> values;  ///< the first `count` of them
  size_t count = 0;
  size_t fds = 0;  ///< descriptors that belong to the message

  std::span<const Value> all() const { return {values.data(), count}; }
};

/// Walks the body of one message. `sender` names who said it in errors ("app").
void decode(const Message& message, Bytes body, Decoded& into);

/// How many descriptors a message carries, without decoding it.
size_t fd_count(const Message& message);

inline std::string_view as_text(Bytes data) {
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

/// The value of the argument of that name; the message must have it (our bug otherwise).
const Value& value_of(const Message& message, const Decoded& decoded, std::string_view name);

/// A message as WAYLAND_DEBUG would show it, for logs and errors: "wl_surface@7.attach(9, 0, 0)".
std::string describe(uint32_t object, const Message& message, const Decoded& decoded);

}  // namespace wayferry
