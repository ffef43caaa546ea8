// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

// Walks one protobuf message field by field, for the little that is read from CRIU's images: CRIU's
// own descriptions of them are in no package and change only by addition. Knows no message.

namespace wayferry {

class Fields {
 public:
  /// `where` names the image in the ProtocolError of a message that is none.
  Fields(std::string_view message, std::string where) : rest_(message), where_(std::move(where)) {}

  /// Steps to the next field; false at the end. Then `number`, `value` or `bytes`, and all of it as
  /// it stands in the message.
  bool next();
  uint64_t number = 0;
  uint64_t value = 0;
  std::string_view bytes;
  std::string_view raw;

 private:
  uint64_t varint();
  std::string_view take(uint64_t size);

  std::string_view rest_;
  std::string where_;
};

/// The message without the fields of these numbers.
std::string without_fields(std::string_view message, std::initializer_list<uint64_t> numbers,
                           const std::string& where);

/// Append one field to a message.
void put_number(std::string& message, uint64_t field, uint64_t value);
void put_bytes(std::string& message, uint64_t field, std::string_view bytes);

/// The records of an image: a 32 bit size and a message each, after `magic` words of the head.
/// next() gives the next record's message; false at the end.
class Records {
 public:
  /// Throws ProtocolError unless the image begins with the common magic number and `magic`.
  Records(std::string_view image, uint32_t magic, std::string where);
  bool next(std::string_view& message);

 private:
  std::string_view rest_;
  std::string where_;
};

/// What an image of this magic number begins with, and how a record follows.
std::string image_head(uint32_t magic);
void put_record(std::string& image, std::string_view message);

/// The image with each field of each record written anew: `put` appends to the new record what is
/// to stand there instead, mostly field.raw. Throws ProtocolError as the two above.
std::string rewritten(std::string_view image, uint32_t magic, const std::string& where,
                      const std::function<void(const Fields& field, std::string& record)>& put);

}  // namespace wayferry
