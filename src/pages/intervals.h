// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "criu/pagemap.h"

// A set of pages as intervals of addresses: what is still to be sent of one process. Pure.

namespace wayferry {

class Intervals {
 public:
  void add(PageRange range);
  void remove(PageRange range);
  void remove(const Intervals& others);
  bool contains(uint64_t address) const;
  bool empty() const { return starts_.empty(); }
  uint64_t pages() const { return pages_; }

  /// The first pages of the set at or after `address`, at most `most` of them, all in one piece.
  std::optional<PageRange> first_from(uint64_t address, uint64_t most) const;
  /// The first pages of the set that lie in `range`, all in one piece.
  std::optional<PageRange> first_within(PageRange range) const;

 private:
  std::map<uint64_t, uint64_t> starts_;  // start → end, apart from each other
  uint64_t pages_ = 0;
};

}  // namespace wayferry
