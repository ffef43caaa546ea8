// SPDX-License-Identifier: MIT
#include "criu/fields.h"

#include <algorithm>

#include "util/error.h"

namespace wayferry {
namespace {

// IMG_COMMON_MAGIC of CRIU's criu/include/magic.h, at the head of every image but a few.
constexpr uint32_t common_magic = 0x54564319;

constexpr size_t both_magic_numbers = 8;

uint32_t little_endian(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

constexpr uint64_t wire_varint = 0;
constexpr uint64_t wire_bytes = 2;

void put_varint(std::string& to, uint64_t value) {
  for (; value >= 0x80; value >>= 7) to += static_cast<char>(value | 0x80);
  to += static_cast<char>(value);
}

void put_little_endian(std::string& to, size_t value) {
  for (unsigned shift = 0; shift < 32; shift += 8) to += static_cast<char>(value >> shift);
}

}  // namespace

std::string image_head(uint32_t magic) {
  std::string head;
  put_little_endian(head, common_magic);
  put_little_endian(head, magic);
  return head;
}

void put_record(std::string& image, std::string_view message) {
  put_little_endian(image, message.size());
  image += message;
}

std::string without_fields(std::string_view message, std::initializer_list<uint64_t> numbers,
                           const std::string& where) {
  std::string rest;
  Fields fields(message, where);
  while (fields.next())
    if (!std::ranges::contains(numbers, fields.number)) rest += fields.raw;
  return rest;
}

void put_number(std::string& message, uint64_t field, uint64_t value) {
  put_varint(message, field << 3 | wire_varint);
  put_varint(message, value);
}

void put_bytes(std::string& message, uint64_t field, std::string_view bytes) {
  put_varint(message, field << 3 | wire_bytes);
  put_varint(message, bytes.size());
  message += bytes;
}

bool Fields::next() {
  if (rest_.empty()) return false;
  const std::string_view from_here = rest_;
  const uint64_t key = varint();
  number = key >> 3;
  switch (key & 7) {
    case 0:
      value = varint();
      break;
    case 1:
      bytes = take(8);
      break;
    case 2:
      bytes = take(varint());
      break;
    case 5:
      bytes = take(4);
      break;
    default:
      throw ProtocolError(where_, "unknown wire type");
  }
  raw = from_here.substr(0, from_here.size() - rest_.size());
  return true;
}

uint64_t Fields::varint() {
  uint64_t result = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(take(1)[0]);
    result |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return result;
  }
  throw ProtocolError(where_, "endless number");
}

std::string_view Fields::take(uint64_t size) {
  if (size > rest_.size()) throw ProtocolError(where_, "ends within a field");
  const auto taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

Records::Records(std::string_view image, uint32_t magic, std::string where)
    : rest_(image), where_(std::move(where)) {
  if (image.size() < both_magic_numbers || little_endian(image) != common_magic ||
      little_endian(image.substr(4)) != magic)
    throw ProtocolError(where_, "wrong magic number");
  rest_.remove_prefix(both_magic_numbers);
}

bool Records::next(std::string_view& message) {
  if (rest_.empty()) return false;
  if (rest_.size() < 4 || rest_.size() - 4 < little_endian(rest_))
    throw ProtocolError(where_, "ends within a record");
  message = rest_.substr(4, little_endian(rest_));
  rest_.remove_prefix(4 + message.size());
  return true;
}

std::string rewritten(std::string_view image, uint32_t magic, const std::string& where,
                      const std::function<void(const Fields&, std::string&)>& put) {
  Records records(image, magic, where);
  std::string result = image_head(magic);
  for (std::string_view record; records.next(record);) {
    std::string written;
    Fields fields(record, where);
    while (fields.next()) put(fields, written);
    put_record(result, written);
  }
  return result;
}

}  // namespace wayferry
