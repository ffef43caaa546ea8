// SPDX-License-Identifier: MIT
#include "pages/packing.h"

#include <lz4.h>

#include <algorithm>

namespace wayferry {
namespace {

// A new measurement counts for a tenth: steady within some ten runs, and follows a change as soon.
constexpr double weight = 0.1;
// One run in this many is compressed in any case, and the first, to learn what it would bring.
constexpr unsigned probe_every = 32;
// For less than a tenth of the time it is not worth the processor's work.
constexpr double gain = 0.9;
// More than all that lies between us and a cable holds: pipes of 1 MB, ssh's window of 2 MB at both
// ends, sockets of some MB. What goes beyond that at once has gone over the cable.
constexpr size_t all_buffers = 16u << 20;

/// The first measurement counts as it is.
void blend(std::optional<double>& value, double measured) {
  value = value ? *value + weight * (measured - *value) : measured;
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
  if (!link_ || !packing_ || !ratio_) return false;
  return std::max(*packing_, *ratio_ * *link_) < gain * *link_;
}

void Packing::compressed(size_t from, size_t to, Duration took) {
  blend(packing_, took.count() / static_cast<double>(from));
  blend(ratio_, static_cast<double>(to) / static_cast<double>(from));
}

void Packing::sent(size_t bytes, bool waited, Clock::time_point now) {
  bytes_since_ += bytes;
  if (waited) {
    if (full_) blend(link_, Duration(now - since_).count() / static_cast<double>(bytes_since_));
    begin(now, /*full=*/true);
  } else if (bytes_since_ > all_buffers) {
    // It takes whatever it is given: how fast it is would only show if it were given more, which
    // is what comes without compressing.
    link_.reset();
    begin(now, /*full=*/false);
  }
}

void Packing::begin(Clock::time_point now, bool full) {
  since_ = now;
  bytes_since_ = 0;
  full_ = full;
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
