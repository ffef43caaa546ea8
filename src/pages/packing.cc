// SPDX-License-Identifier: MIT
#include "pages/packing.h"

#include <lz4.h>

namespace wayferry {
namespace {

// A new measurement counts for a tenth: steady within some ten runs, and follows a change as soon.
constexpr double weight = 0.1;
// One run in this many is compressed in any case, and the first, to learn what it would bring.
constexpr unsigned probe_every = 32;

void blend(double& value, double measured) {
  value += weight * (measured - value);
}

char* chars(std::byte* bytes) {
  return reinterpret_cast<char*>(bytes);
}
const char* chars(const std::byte* bytes) {
  return reinterpret_cast<const char*>(bytes);
}

}  // namespace

bool Packing::worth_it() {
  if (runs_++ % probe_every == 0) return true;
  return seconds_per_byte_packed_ + ratio_ * seconds_per_byte_sent_ < seconds_per_byte_sent_;
}

void Packing::compressed(size_t from, size_t to, Duration took) {
  blend(seconds_per_byte_packed_, took.count() / static_cast<double>(from));
  blend(ratio_, static_cast<double>(to) / static_cast<double>(from));
}

void Packing::sent(size_t bytes, Duration took) {
  blend(seconds_per_byte_sent_, took.count() / static_cast<double>(bytes));
}

std::optional<Bytes> pack(Bytes pages, std::vector<std::byte>& into) {
  into.resize(pages.size() - pages.size() / 8);
  const int size =
      ::LZ4_compress_default(chars(pages.data()), chars(into.data()),
                             static_cast<int>(pages.size()), static_cast<int>(into.size()));
  if (size <= 0) return std::nullopt;
  return Bytes(into).first(static_cast<size_t>(size));
}

void unpack(Bytes packed, std::span<std::byte> into) {
  const int size =
      ::LZ4_decompress_safe(chars(packed.data()), chars(into.data()),
                            static_cast<int>(packed.size()), static_cast<int>(into.size()));
  if (size < 0 || static_cast<size_t>(size) != into.size())
    throw ProtocolError("page channel", "packed pages that cannot be unpacked");
}

}  // namespace wayferry
