// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "util/io.h"
#include "util/unique_fd.h"

// Shared memory, so all window buffers, cannot follow the app later: it is in the images, and its
// size would be downtime. So what it holds is sent while the app still runs, and when CRIU then
// writes the same pages into an image, only their numbers go over the link. Pages are known by
// their content, whatever file and place they turn up in, so nothing is known here of CRIU's
// images, and a page that changed meanwhile is simply not one of them.

namespace wayferry {

/// (source) What has been sent.
class EarlyPages {
 public:
  /// Whole pages, numbered on from those before.
  void add(Bytes pages);
  /// The number of a page with this content.
  std::optional<uint32_t> find(Bytes page) const;
  bool empty() const { return numbers_.empty(); }

 private:
  // 128 bits of a hash that is not cryptographic: who could find two pages with the same one is the
  // app itself, and would only confuse its own memory.
  using Hash = std::array<uint64_t, 2>;
  struct Short {
    size_t operator()(const Hash& hash) const { return hash[0]; }
  };
  static Hash hash_of(Bytes page);

  std::unordered_map<Hash, uint32_t, Short> numbers_;
  uint32_t count_ = 0;
};

/// (target) The pages themselves, in a file that goes with the object.
class EarlyStore {
 public:
  explicit EarlyStore(const Path& folder);
  void add(Bytes pages);
  /// Fills `into`, whole pages, from the page with this number on. Throws ProtocolError if they
  /// were never sent.
  void read(uint64_t first, std::span<std::byte> into) const;

 private:
  UniqueFd file_;
  uint64_t pages_ = 0;
};

/// Shows the shared memory of these processes, what of it is filled, in pieces of whole pages, at
/// most longest_piece (link.h) each. Of a running app: what it changes meanwhile comes as it is or
/// as it was.
void for_each_shared_piece(const std::vector<pid_t>& processes,
                           const std::function<void(Bytes piece)>& show);

}  // namespace wayferry
