// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

// Where a running app reads on. Whoever reads memory in order stands still at the first page that
// is missing and will want those after it; and most apps read at several places at once, because
// they compare, merge and index. So the last few such places are remembered, each with how far its
// pages have been sent: what follows a page that was asked for goes along with it, twice as much
// each time, and bulk data goes on at all these places in turn. Pure, and not locked.

namespace wayferry {

/// Pages sent after one that was asked for: 64 KiB, 0.5 ms at 1 Gbit/s; and up to four times that
/// for somebody who reads on and on, one frame's worth.
constexpr uint64_t first_read_ahead = 15;
constexpr uint64_t most_read_ahead = 64;

class Streams {
 public:
  struct Stream {
    pid_t process = 0;
    uint64_t next = 0;   ///< behind what was sent last
    uint64_t ahead = 0;  ///< the length of the last read-ahead, in pages
    uint64_t asked = 0;  ///< when: counts the pages that were asked for
  };

  /// A process stands still at `address`: the number of pages after that one to send along. They
  /// count as sent.
  uint64_t ask(pid_t process, uint64_t address);

  /// Where bulk data goes on, the streams taking turns; where memory begins if there is none.
  /// Whoever sends moves its `next`. Valid until the next call of ask().
  Stream& turn();

 private:
  Stream& stream_at(pid_t process, uint64_t address);

  std::vector<Stream> streams_;
  Stream begin_;  // of all memory
  size_t turn_ = 0;
  uint64_t asked_ = 0;
};

}  // namespace wayferry
