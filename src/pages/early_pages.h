// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "util/io.h"
#include "util/unique_fd.h"

// Pages that are sent while the app still runs. What is the same once it stands still need not be
// sent again: only its number goes over the link. Pages are known by their content, whatever file
// or process they turn up in, so nothing is known here of CRIU's images, no kernel has to track
// what changes, and a page that changed meanwhile is simply not one of them.

namespace wayferry {

/// (source) What has been sent. Some 60 bytes a page.
class EarlyPages {
 public:
  /// A page, numbered on from those before; false if it is one of them already.
  bool add(Bytes page);
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
};

/// (target) The pages themselves, in a file that goes with the object.
class EarlyStore {
 public:
  explicit EarlyStore(const Path& folder);
  EarlyStore(const EarlyStore&) = delete;
  EarlyStore& operator=(const EarlyStore&) = delete;
  ~EarlyStore();

  void add(Bytes pages);
  /// All are here: from now on they can be had, from any thread.
  void complete();
  /// So many from the page with this number on; as long as the store lives. Throws ProtocolError if
  /// they were never sent.
  Bytes pages(uint64_t first, uint64_t count) const;

 private:
  UniqueFd file_;
  uint64_t added_ = 0;                        // bytes
  const std::byte* mapping_ = nullptr;        // of the file, once it is complete
  std::atomic<uint64_t> complete_pages_ = 0;  // in the mapping; looked at before it
};

}  // namespace wayferry
