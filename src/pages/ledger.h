// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <atomic>
#include <map>
#include <span>
#include <vector>

#include "criu/pagemap.h"
#include "util/io.h"

// What whoever takes over from a killed filler must know: which pages have arrived, and what the
// app has done to its address spaces since its restore. A file that both have mapped, so that
// noting something costs a store to memory, and what a dying process has noted stays.
//
// An event that was read from a userfaultfd and not noted is lost for good. So reading is marked:
// a ledger whose filler died in the middle of it is torn, and nobody can go on.

namespace wayferry {

class Ledger {
 public:
  using Ranges = std::map<pid_t, std::vector<PageRange>>;

  enum class What : uint64_t { added = 1, forked, remapped, dropped };
  /// Spaces are numbered as they appear. added: `a` is the pid; forked: `a` is the parent's number;
  /// remapped: from `a` to `b`, `c` bytes; dropped: from `a` up to `b`.
  struct Entry {
    What what{};
    uint64_t space = 0;
    uint64_t a = 0;
    uint64_t b = 0;
    uint64_t c = 0;
    bool operator==(const Entry&) const = default;
  };

  /// A new one at `path`, for a checkpoint with these lazy pages. Takes all its space at once: a
  /// full file system is an error now, and not a signal later.
  static Ledger create(const Path& path, const Ranges& lazy);
  /// The one a predecessor left. Throws ProtocolError if it is none.
  static Ledger open(const Path& path);
  ~Ledger();
  Ledger(Ledger&& other) noexcept;
  Ledger& operator=(Ledger&&) = delete;

  void begin_reading() { head().reading.store(1, std::memory_order_release); }
  void end_reading() { head().reading.store(0, std::memory_order_release); }
  void note(const Entry& entry);
  /// These pages are in place wherever they belong.
  void arrived(pid_t process, PageRange range);

  const Ranges& lazy() const { return lazy_; }
  /// Whether something is missing in it: nobody can go on from here.
  bool torn() const;
  std::span<const Entry> entries() const;
  /// What has arrived, in order.
  std::vector<PageRange> arrived(pid_t process) const;
  uint64_t arrived_pages() const;
  uint64_t all_pages() const { return head().pages; }

 private:
  struct Head {
    uint64_t magic = 0;
    uint64_t ranges = 0;
    uint64_t pages = 0;
    std::atomic<uint64_t> reading = 0;
    std::atomic<uint64_t> entries = 0;
    std::atomic<uint64_t> overflowed = 0;
  };
  struct StoredRange {
    uint64_t process = 0;
    PageRange range;
  };
  /// Where the bits of a range begin.
  struct Numbered {
    PageRange range;
    uint64_t first_bit = 0;
  };
  struct Layout {
    explicit Layout(uint64_t ranges, uint64_t pages);
    size_t bits;
    size_t entries;
    size_t end;
  };

  Ledger(UniqueFd file, size_t size);
  void read_ranges();
  Head& head() const { return *reinterpret_cast<Head*>(memory_.data()); }
  std::atomic_ref<uint64_t> word(uint64_t bit) const;
  bool has(uint64_t bit) const;

  std::span<std::byte> memory_;
  Ranges lazy_;
  std::map<pid_t, std::vector<Numbered>> numbered_;
};

}  // namespace wayferry
