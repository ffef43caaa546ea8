// SPDX-License-Identifier: MIT
#include "ferry/digest.h"

#include <array>
#include <format>

namespace wayferry {

Digest::Digest() {
  sha256_init(&state_);
}

void Digest::add(std::string_view bytes) {
  // nettle speaks of uint8_t.
  sha256_update(&state_, bytes.size(), reinterpret_cast<const uint8_t*>(bytes.data()));
}

std::string Digest::hex() {
  std::array<uint8_t, SHA256_DIGEST_SIZE> bytes{};
  sha256_digest(&state_, bytes.size(), bytes.data());
  std::string text;
  for (const uint8_t byte : bytes) text += std::format("{:02x}", byte);
  return text;
}

std::string digest_of(std::string_view bytes) {
  Digest digest;
  digest.add(bytes);
  return digest.hex();
}

}  // namespace wayferry
