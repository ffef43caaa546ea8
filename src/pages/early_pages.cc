// SPDX-License-Identifier: MIT
#include "pages/early_pages.h"

#include <fcntl.h>
#include <sys/mman.h>

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

EarlyStore::~EarlyStore() {
  if (mapping_) ::munmap(const_cast<std::byte*>(mapping_), added_);
}

void EarlyStore::add(Bytes pages) {
  CHECK(!mapping_);
  if (pages.size() % page_size != 0) throw ProtocolError("early pages", "a part of a page");
  write_all(file_.get(), pages);
  added_ += pages.size();
}

void EarlyStore::complete() {
  if (added_ == 0) return;
  // With its pages: what userfaultfd is given should be there, or the kernel copies it twice.
  void* const mapping =
      ::mmap(nullptr, added_, PROT_READ, MAP_SHARED | MAP_POPULATE, file_.get(), 0);
  if (mapping == MAP_FAILED) throw SystemError(errno, "mmap", "early pages");
  mapping_ = static_cast<const std::byte*>(mapping);
  complete_pages_ = added_ / page_size;
}

Bytes EarlyStore::pages(uint64_t first, uint64_t count) const {
  const uint64_t there = complete_pages_;
  if (first > there || count > there - first)
    throw ProtocolError("early pages", "a page that was never sent");
  return {mapping_ + first * page_size, count * page_size};
}

}  // namespace wayferry
