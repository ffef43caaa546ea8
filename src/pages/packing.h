// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <vector>

#include "pages/channel.h"

// Whether pages are compressed before they are sent. Compressing goes on while the link empties
// what was given to it before, so it pays where it takes less time than the link would take for the
// bytes that it saves: while the link is slower than the processor. Nobody knows that beforehand,
// and it changes: so both are measured all the time, and from time to time a run is compressed just
// to see. LZ4 and not zstd: at the speed of any network above 300 Mbit/s zstd would be the slower
// part.

namespace wayferry {

class Packing {
 public:
  using Clock = std::chrono::steady_clock;
  using Duration = std::chrono::duration<double>;

  /// Whether the next run of pages should be compressed.
  bool worth_it();
  void compressed(size_t from, size_t to, Duration took);
  /// A run is given away as of `now`. `waited`: there was no room for all of it at once, or a limit
  /// of the rate held it back. Only that tells of the link: what finds room at once only goes into
  /// a buffer.
  void sent(size_t bytes, bool waited, Clock::time_point now);
  /// Nothing was sent for a while, so that the link may have had nothing to do.
  void interrupted(Clock::time_point now) { begin(now, /*full=*/false); }

 private:
  void begin(Clock::time_point now, bool full);

  // Seconds a byte; nothing until measured, and until then nothing is compressed but to see.
  std::optional<double> link_;
  std::optional<double> packing_;
  std::optional<double> ratio_;
  unsigned runs_ = 0;
  // Since the last run that had to wait: all buffers were full then, so what has been given away
  // until they are full again is what the link has taken.
  bool full_ = false;
  Clock::time_point since_{};
  size_t bytes_since_ = 0;
};

/// LZ4. Nothing if it would not become at least an eighth smaller.
std::optional<Bytes> pack(Bytes pages, std::vector<std::byte>& into);
/// Throws ProtocolError unless exactly `into` comes out.
void unpack(Bytes packed, std::span<std::byte> into);

}  // namespace wayferry
