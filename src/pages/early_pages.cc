// SPDX-License-Identifier: MIT
#include "pages/early_pages.h"

#include <fcntl.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "criu/pagemap.h"
#include "util/error.h"

namespace wayferry {

EarlyPages::Hash EarlyPages::hash_of(Bytes page) {
  const XXH128_hash_t hash = XXH3_128bits(page.data(), page.size());
  return {hash.low64, hash.high64};
}

bool EarlyPages::add(Bytes page) {
  CHECK(page.size() == page_size);
  return numbers_.try_emplace(hash_of(page), static_cast<uint32_t>(numbers_.size())).second;
}

std::optional<uint32_t> EarlyPages::find(Bytes page) const {
  const auto known = numbers_.find(hash_of(page));
  if (known == numbers_.end()) return std::nullopt;
  return known->second;
}

EarlyStore::EarlyStore(const Path& folder)
    : file_(check("open", ::open(folder.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600),
                  folder.native())) {}

void EarlyStore::add(Bytes pages) {
  if (pages.size() % page_size != 0) throw ProtocolError("early pages", "a part of a page");
  write_all(file_.get(), pages);
  pages_ += pages.size() / page_size;
}

void EarlyStore::read(uint64_t first, std::span<std::byte> into) const {
  if (first > pages_ || into.size() / page_size > pages_ - first)
    throw ProtocolError("early pages", "a page that was never sent");
  for (auto at = static_cast<off_t>(first * page_size); !into.empty();) {
    const ssize_t n = check("pread", ::pread(file_.get(), into.data(), into.size(), at));
    at += n;
    into = into.subspan(static_cast<size_t>(n));
  }
}

}  // namespace wayferry
