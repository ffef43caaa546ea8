// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstring>
#include <span>
#include <string>

#include "model/object.h"
#include "wire/decode.h"

// Bodies of recorded messages: as on the wire, with slots where the wire has object ids.

namespace wayferry {

inline Bytes bytes_of(const std::string& body) {
  return std::as_bytes(std::span(body));
}

/// Calls visit(word, offset) for each object argument of the body that is not null. The new_id
/// arguments are not visited.
template <typename Visit>
void for_each_object(const Message& message, const std::string& body, Visit visit) {
  if (std::ranges::find(message.args, ArgType::object, &Argument::type) == message.args.end())
    return;
  Decoded decoded;
  decode(message, bytes_of(body), decoded);
  for (size_t i = 0; i < decoded.count; ++i) {
    const Value& value = decoded.values[i];
    if (message.args[i].type == ArgType::object && value.word != 0) visit(value.word, value.offset);
  }
}

/// The slot that the named object argument holds.
inline Slot slot_of(const Message& message, const std::string& body, std::string_view argument) {
  Decoded decoded;
  decode(message, bytes_of(body), decoded);
  return Slot{value_of(message, decoded, argument).word};
}

/// Whether two messages speak of the same objects, by the arguments' names.
inline bool same_objects(const Message& a, const std::string& a_body, const Message& b,
                         const std::string& b_body) {
  for (const Argument& arg : b.args) {
    if (arg.type != ArgType::object) continue;
    const auto other = std::ranges::find(a.args, arg.name, &Argument::name);
    if (other != a.args.end() && other->type == ArgType::object &&
        slot_of(a, a_body, arg.name) != slot_of(b, b_body, arg.name))
      return false;
  }
  return true;
}

inline void set_word(std::string& body, size_t offset, uint32_t word) {
  std::memcpy(body.data() + offset, &word, sizeof word);
}

}  // namespace wayferry
