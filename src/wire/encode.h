// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "wire/protocol.h"

// Writing messages of our own. Relayed messages are not written by this: they are copied with their
// ids rewritten in place.

namespace wayferry {

/// The value of one argument of a message of ours: a number or id, or text for strings and arrays.
/// A descriptor argument takes no value here; it is queued beside the bytes. A new_id that names
/// its interface takes three values, as on the wire: name, version, id.
using Word = std::variant<uint32_t, std::string_view>;

/// Appends a message to `out`. The values must fit the message's arguments (our bug otherwise).
void encode(std::string& out, uint32_t object, const Message& message,
            std::initializer_list<Word> values);
void encode(std::string& out, uint32_t object, const Message& message,
            const std::vector<Word>& values);

/// Appends a message whose body stands already.
void encode_body(std::string& out, uint32_t object, uint16_t opcode, std::string_view body);

}  // namespace wayferry
