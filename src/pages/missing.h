// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "criu/pagemap.h"

// The pages one restored process still lacks. A page has two addresses: the one it had at the
// source, by which it is asked for and sent, and the one it has now, after the app has moved its
// mappings about. Pure; it knows no descriptor.

namespace wayferry {

class Missing {
 public:
  explicit Missing(const std::vector<PageRange>& at_source);

  /// A piece of memory that lies together both there and here.
  struct Piece {
    uint64_t now = 0;
    uint64_t at_source = 0;
    uint64_t pages = 0;
    bool operator==(const Piece&) const = default;
  };

  /// The source's address of the page that is at `now`; nothing if it is not missing.
  std::optional<uint64_t> find(uint64_t now) const;
  /// Whether any of this memory is missing.
  bool any(uint64_t now, uint64_t bytes) const;
  /// What of a range of the source is missing here, and where.
  std::vector<Piece> pieces(PageRange at_source) const;
  /// All of it, by the source's addresses.
  std::vector<PageRange> all() const;

  /// These pages are no longer missing: filled, unmapped, or given back to the kernel.
  void remove(uint64_t now, uint64_t pages);
  /// mremap(2): the pages at `from` are now at `to`.
  void remap(uint64_t from, uint64_t to, uint64_t bytes);

  uint64_t pages() const { return pages_; }
  bool empty() const { return pages_ == 0; }

 private:
  struct Interval {
    uint64_t end = 0;
    uint64_t at_source = 0;
  };
  /// Cuts intervals so that none reaches over `now`.
  void split(uint64_t now);
  void collect(uint64_t now, const Interval& interval, PageRange wanted,
               std::vector<Piece>& found) const;

  std::map<uint64_t, Interval> intervals_;  // by the present address
  uint64_t pages_ = 0;
  bool moved_ = false;  // while false, both addresses are the same
};

}  // namespace wayferry
