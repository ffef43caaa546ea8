// SPDX-License-Identifier: MIT
#include "pages/ledger.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "util/error.h"

namespace wayferry {
namespace {

constexpr uint64_t magic = 0x5245'4744'454c'4657;
constexpr uint64_t bits_in_word = 64;
// 2.6 MB. Only what changes the set of missing pages is noted; an app that does more of it than
// this while its memory arrives has no successor, which is as good as before there were any.
constexpr uint64_t most_entries = 1u << 16;

constexpr const char* where = "ledger of a drain";

}  // namespace

Ledger::Layout::Layout(uint64_t ranges, uint64_t pages)
    : bits(sizeof(Head) + ranges * sizeof(StoredRange)),
      entries(bits + (pages + bits_in_word - 1) / bits_in_word * sizeof(uint64_t)),
      end(entries + most_entries * sizeof(Entry)) {}

Ledger::Ledger(UniqueFd file, size_t size) {
  void* const memory =
      ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), /*offset=*/0);
  if (memory == MAP_FAILED) throw SystemError(errno, "mmap", where);
  memory_ = {static_cast<std::byte*>(memory), size};
}

Ledger::Ledger(Ledger&& other) noexcept
    : memory_(std::exchange(other.memory_, {})),
      lazy_(std::move(other.lazy_)),
      numbered_(std::move(other.numbered_)) {}

Ledger::~Ledger() {
  if (!memory_.empty()) ::munmap(memory_.data(), memory_.size());
}

Ledger Ledger::create(const Path& path, const Ranges& lazy) {
  uint64_t ranges = 0;
  uint64_t pages = 0;
  for (const auto& [process, its] : lazy) {
    ranges += its.size();
    pages += count_pages(its);
  }
  const Layout layout(ranges, pages);
  UniqueFd file(check("open", ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600),
                      path.native()));
  if (const int error = ::posix_fallocate(file.get(), 0, static_cast<off_t>(layout.end)))
    throw SystemError(error, "posix_fallocate", path.native());
  Ledger ledger(std::move(file), layout.end);
  Head& head = *new (ledger.memory_.data()) Head{.magic = magic, .ranges = ranges, .pages = pages};
  auto* stored = reinterpret_cast<StoredRange*>(&head + 1);
  for (const auto& [process, its] : lazy)
    for (const PageRange& range : its)
      *stored++ = {.process = static_cast<uint64_t>(process), .range = range};
  ledger.read_ranges();
  return ledger;
}

Ledger Ledger::open(const Path& path) {
  UniqueFd file(check("open", ::open(path.c_str(), O_RDWR | O_CLOEXEC), path.native()));
  struct stat status{};
  check("fstat", ::fstat(file.get(), &status), path.native());
  const auto size = static_cast<size_t>(status.st_size);
  if (size < sizeof(Head)) throw ProtocolError(where, "too short");
  Ledger ledger(std::move(file), size);
  const Head& head = ledger.head();
  // Ours, from this host's memory; a version of another layout is all that can be wrong with it.
  if (head.magic != magic || Layout(head.ranges, head.pages).end != size)
    throw ProtocolError(where, "not of this version");
  ledger.read_ranges();
  return ledger;
}

void Ledger::read_ranges() {
  const auto* stored = reinterpret_cast<const StoredRange*>(&head() + 1);
  uint64_t bit = 0;
  for (uint64_t i = 0; i < head().ranges; ++i) {
    const auto process = static_cast<pid_t>(stored[i].process);
    lazy_[process].push_back(stored[i].range);
    numbered_[process].push_back({.range = stored[i].range, .first_bit = bit});
    bit += stored[i].range.pages;
  }
}

std::atomic_ref<uint64_t> Ledger::word(uint64_t bit) const {
  const Layout layout(head().ranges, head().pages);
  auto* const words = reinterpret_cast<uint64_t*>(memory_.data() + layout.bits);
  return std::atomic_ref<uint64_t>(words[bit / bits_in_word]);
}

bool Ledger::has(uint64_t bit) const {
  return word(bit).load(std::memory_order_relaxed) >> (bit % bits_in_word) & 1;
}

void Ledger::note(const Entry& entry) {
  const uint64_t count = head().entries;
  if (count >= most_entries) {
    head().overflowed = 1;
    return;
  }
  const Layout layout(head().ranges, head().pages);
  reinterpret_cast<Entry*>(memory_.data() + layout.entries)[count] = entry;
  head().entries.store(count + 1, std::memory_order_release);
}

void Ledger::arrived(pid_t process, PageRange range) {
  const auto known = numbered_.find(process);
  if (known == numbered_.end()) return;
  const auto& its = known->second;
  const uint64_t end = range.start + range.pages * page_size;
  auto at = std::ranges::upper_bound(its, range.start, {},
                                     [](const Numbered& one) { return one.range.start; });
  if (at != its.begin()) --at;
  for (; at != its.end() && at->range.start < end; ++at) {
    const uint64_t from = std::max(range.start, at->range.start);
    const uint64_t to = std::min(end, at->range.start + at->range.pages * page_size);
    for (uint64_t page = from; page < to; page += page_size) {
      const uint64_t bit = at->first_bit + (page - at->range.start) / page_size;
      word(bit).fetch_or(1ull << (bit % bits_in_word), std::memory_order_relaxed);
    }
  }
}

bool Ledger::torn() const {
  return head().reading != 0 || head().overflowed != 0;
}

std::span<const Ledger::Entry> Ledger::entries() const {
  const Layout layout(head().ranges, head().pages);
  return {reinterpret_cast<const Entry*>(memory_.data() + layout.entries), head().entries};
}

std::vector<PageRange> Ledger::arrived(pid_t process) const {
  std::vector<PageRange> there;
  const auto known = numbered_.find(process);
  if (known == numbered_.end()) return there;
  for (const auto& [range, first_bit] : known->second)
    for (uint64_t i = 0; i < range.pages; ++i) {
      if (!has(first_bit + i)) continue;
      const uint64_t address = range.start + i * page_size;
      const bool goes_on =
          !there.empty() && there.back().start + there.back().pages * page_size == address;
      if (goes_on)
        ++there.back().pages;
      else
        there.push_back({.start = address, .pages = 1});
    }
  return there;
}

uint64_t Ledger::arrived_pages() const {
  uint64_t count = 0;
  for (uint64_t bit = 0; bit < head().pages; bit += bits_in_word)
    count += static_cast<uint64_t>(std::popcount(word(bit).load(std::memory_order_relaxed)));
  return count;
}

}  // namespace wayferry
