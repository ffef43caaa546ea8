// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <span>
#include <vector>

#include "pages/channel.h"

// Whether pages are compressed before they are sent. Compressing pays while the link is slower than
// the processor, which nobody knows beforehand, and which changes: so both are measured all the
// time, and from time to time a run is compressed just to see. LZ4 and not zstd: at the speed of
// any network above 300 Mbit/s zstd would be the slower part.

namespace wayferry {

class Packing {
 public:
  using Duration = std::chrono::duration<double>;

  /// Whether the next run of pages should be compressed.
  bool worth_it();
  void compressed(size_t from, size_t to, Duration took);
  void sent(size_t bytes, Duration took);

 private:
  // Until measured: a fast link, so that nothing is compressed for nothing.
  double seconds_per_byte_sent_ = 0;
  double seconds_per_byte_packed_ = 1e-9;
  double ratio_ = 1;
  unsigned runs_ = 0;
};

/// LZ4. Nothing if it would not become at least an eighth smaller.
std::optional<Bytes> pack(Bytes pages, std::vector<std::byte>& into);
/// Throws ProtocolError unless exactly `into` comes out.
void unpack(Bytes packed, std::span<std::byte> into);

}  // namespace wayferry
