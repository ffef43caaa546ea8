// SPDX-License-Identifier: MIT
#include "wire/encode.h"

#include <span>

#include "util/error.h"
#include "wire/decode.h"

namespace wayferry {
namespace {

void put_word(std::string& out, uint32_t word) {
  out.append(reinterpret_cast<const char*>(&word), sizeof word);
}

void put_block(std::string& out, std::string_view data, bool with_end) {
  put_word(out, static_cast<uint32_t>(data.size() + (with_end ? 1 : 0)));
  out.append(data);
  if (with_end) out.push_back('\0');
  while (out.size() % 4 != 0) out.push_back('\0');
}

void put_value(std::string& out, const Word& value, ArgType type) {
  if (const auto* word = std::get_if<uint32_t>(&value)) {
    // A string's only number is 0, which is null.
    CHECK(type != ArgType::array && (type != ArgType::string || *word == 0));
    put_word(out, *word);
  } else {
    CHECK(type == ArgType::string || type == ArgType::array);
    put_block(out, std::get<std::string_view>(value), type == ArgType::string);
  }
}

void put_message(std::string& out, uint32_t object, const Message& message,
                 std::span<const Word> values) {
  std::string body;
  size_t next = 0;
  const auto take = [&](ArgType type) {
    CHECK(next < values.size());
    put_value(body, values[next++], type);
  };
  for (const Argument& arg : message.args) {
    if (arg.type == ArgType::fd) continue;
    if (arg.type == ArgType::new_id && !arg.interface) {
      take(ArgType::string);
      take(ArgType::uinteger);
    }
    take(arg.type);
  }
  CHECK(next == values.size());
  encode_body(out, object, message.opcode, body);
}

}  // namespace

void encode(std::string& out, uint32_t object, const Message& message,
            std::initializer_list<Word> values) {
  put_message(out, object, message, {values.begin(), values.size()});
}

void encode(std::string& out, uint32_t object, const Message& message,
            const std::vector<Word>& values) {
  put_message(out, object, message, values);
}

void encode_body(std::string& out, uint32_t object, uint16_t opcode, std::string_view body) {
  CHECK(header_size + body.size() <= max_message_size && body.size() % 4 == 0);
  const uint32_t header[] = {object,
                             static_cast<uint32_t>((header_size + body.size()) << 16 | opcode)};
  out.append(reinterpret_cast<const char*>(header), sizeof header).append(body);
}

}  // namespace wayferry
