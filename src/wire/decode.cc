// SPDX-License-Identifier: MIT
#include "wire/decode.h"

#include <algorithm>
#include <cstring>

#include "util/error.h"

namespace wayferry {
namespace {

// Reads words and blocks off a body; every step is bounds-checked in one place.
class BodyReader {
 public:
  BodyReader(const Message& message, Bytes body) : message_(message), body_(body) {}

  uint32_t offset() const { return offset_; }
  bool at_end() const { return offset_ == body_.size(); }
  void name_argument(std::string_view name) { argument_ = name; }

  uint32_t word() {
    need(4);
    uint32_t value;
    std::memcpy(&value, body_.data() + offset_, 4);
    offset_ += 4;
    return value;
  }

  Bytes block(uint32_t length) {
    const size_t padded = (size_t{length} + 3) & ~size_t{3};
    need(padded);
    const Bytes data = body_.subspan(offset_, length);
    offset_ += static_cast<uint32_t>(padded);
    return data;
  }

  [[noreturn]] void fail(const std::string& text) const {
    throw ProtocolError(qualified_name(message_) + ", byte " +
                            std::to_string(header_size + offset_) + ", argument " +
                            std::string(argument_),
                        text);
  }

 private:
  void need(size_t bytes) const {
    if (body_.size() - offset_ < bytes) fail("the message ends before it");
  }

  const Message& message_;
  Bytes body_;
  uint32_t offset_ = 0;
  std::string_view argument_;
};

// A string's length counts its end, which must be there and be the only zero byte.
Bytes read_string(BodyReader& reader, uint32_t length) {
  const Bytes data = reader.block(length);
  if (data.back() != std::byte{0}) reader.fail("the string has no end");
  const Bytes text = data.first(data.size() - 1);
  if (std::ranges::find(text, std::byte{0}) != text.end())
    reader.fail("the string has a zero byte in it");
  return text;
}

void read_text(BodyReader& reader, const Argument& arg, Value& value) {
  value.word = reader.word();
  if (value.word != 0)
    value.data = read_string(reader, value.word);
  else if (!arg.nullable)
    reader.fail("null is not allowed");
}

void read_new_id(BodyReader& reader, const Argument& arg, Value& value) {
  if (!arg.interface) {
    const uint32_t length = reader.word();
    if (length == 0) reader.fail("null is not allowed");
    value.data = read_string(reader, length);
    value.version = reader.word();
    value.offset = reader.offset();
  }
  value.word = reader.word();
  if (value.word == 0) reader.fail("a new object cannot have id 0");
}

void read_value(BodyReader& reader, const Argument& arg, Value& value) {
  switch (arg.type) {
    case ArgType::integer:
    case ArgType::uinteger:
    case ArgType::fixed:
      value.word = reader.word();
      break;
    case ArgType::object:
      value.word = reader.word();
      if (value.word == 0 && !arg.nullable) reader.fail("null is not allowed");
      break;
    case ArgType::string:
      read_text(reader, arg, value);
      break;
    case ArgType::array:
      value.word = reader.word();
      value.data = reader.block(value.word);
      break;
    case ArgType::new_id:
      read_new_id(reader, arg, value);
      break;
    case ArgType::fd:
      break;
  }
}

std::string describe_value(const Argument& arg, const Value& value) {
  switch (arg.type) {
    case ArgType::integer:
      return std::to_string(static_cast<int32_t>(value.word));
    case ArgType::fixed:
      return std::to_string(static_cast<int32_t>(value.word) / 256.0);
    case ArgType::string:
      return value.word ? "\"" + std::string(as_text(value.data)) + "\"" : "null";
    case ArgType::array:
      return "array[" + std::to_string(value.word) + "]";
    case ArgType::new_id:
      return "new " + std::string(arg.interface ? arg.interface->name : as_text(value.data)) + "@" +
             std::to_string(value.word);
    case ArgType::fd:
      return "fd";
    default:
      return std::to_string(value.word);
  }
}

}  // namespace

void refuse_size(const Header& header) {
  throw ProtocolError(
      "object " + std::to_string(header.object) + ", opcode " + std::to_string(header.opcode),
      "impossible message size " + std::to_string(header.size));
}

void decode(const Message& message, Bytes body, Decoded& into) {
  BodyReader reader(message, body);
  into.count = message.args.size();
  into.fds = 0;
  for (size_t i = 0; i < message.args.size(); ++i) {
    const Argument& arg = message.args[i];
    reader.name_argument(arg.name);
    Value& value = into.values[i];
    value.start_at(reader.offset());
    read_value(reader, arg, value);
    into.fds += arg.type == ArgType::fd;
  }
  if (!reader.at_end()) reader.fail("the message goes on behind its last argument");
}

size_t fd_count(const Message& message) {
  return static_cast<size_t>(std::ranges::count(message.args, ArgType::fd, &Argument::type));
}

const Value& value_of(const Message& message, const Decoded& decoded, std::string_view name) {
  const auto arg = std::ranges::find(message.args, name, &Argument::name);
  CHECK(arg != message.args.end());
  return decoded.values[static_cast<size_t>(arg - message.args.begin())];
}

std::string describe(uint32_t object, const Message& message, const Decoded& decoded) {
  std::string text = std::string(message.interface->name) + "@" + std::to_string(object) + "." +
                     std::string(message.name) + "(";
  for (size_t i = 0; i < decoded.count; ++i)
    text += (i ? ", " : "") + describe_value(message.args[i], decoded.values[i]);
  return text + ")";
}

}  // namespace wayferry
