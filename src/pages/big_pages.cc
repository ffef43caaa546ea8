// SPDX-License-Identifier: MIT
#include "pages/big_pages.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <span>
#include <sstream>
#include <vector>

#include "criu/pagemap.h"
#include "util/io.h"
#include "util/unique_fd.h"

namespace wayferry {
namespace {

// A big page of x86-64, and of arm64 with pages of 4 KiB.
constexpr uint64_t block_size = uint64_t{2} << 20;

// The kernel empties its per-processor lists of pages once a call, which takes longer than a block;
// and 64 MB take some 20 ms, after which we look at the time.
constexpr size_t most_blocks_a_call = 32;

// In a row: the kernel has no big pages left.
constexpr int most_refusals = 8;

struct Mapping {
  uint64_t start;
  uint64_t end;
};

// Private, anonymous, and no stack: what a dump leaves out (criu/pagemap.h).
std::vector<Mapping> anonymous_mappings(pid_t pid) {
  std::vector<Mapping> found;
  std::istringstream maps(read_file("/proc/" + std::to_string(pid) + "/maps").value_or(""));
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    std::string rights, offset, device, inode, path;
    char dash = 0;
    Mapping mapping{};
    words >> std::hex >> mapping.start >> dash >> mapping.end >> rights >> offset >> device >>
        inode >> path;
    const bool anonymous = inode == "0" && (path.empty() || path == "[heap]");
    const bool large = mapping.end - mapping.start >= block_size;
    if (anonymous && large && rights.ends_with('p')) found.push_back(mapping);
  }
  return found;
}

/// Blocks of small pages that are all present, by PAGEMAP_SCAN (Linux 6.7).
class FullBlocks {
 public:
  explicit FullBlocks(pid_t pid)
      : pagemap_(
            ::open(("/proc/" + std::to_string(pid) + "/pagemap").c_str(), O_RDONLY | O_CLOEXEC)) {}

  void add(const Mapping& mapping, std::vector<uint64_t>& blocks) const {
    constexpr uint64_t unwanted = PAGE_IS_PFNZERO | PAGE_IS_FILE | PAGE_IS_HUGE;
    std::array<page_region, 256> regions;
    pm_scan_arg scan{};
    scan.size = sizeof scan;
    scan.start = mapping.start;
    scan.end = mapping.end;
    scan.vec = reinterpret_cast<uintptr_t>(regions.data());
    scan.vec_len = regions.size();
    scan.category_mask = PAGE_IS_PRESENT | unwanted;
    scan.category_inverted = unwanted;
    scan.return_mask = PAGE_IS_PRESENT;
    while (scan.start < scan.end) {
      const int count = ::ioctl(pagemap_.get(), PAGEMAP_SCAN, &scan);
      if (count < 0) return;  // an older kernel, or the process has ended
      for (const page_region& region : std::span(regions).first(static_cast<size_t>(count)))
        add_region(region, blocks);
      scan.start = scan.walk_end;
    }
  }

 private:
  void add_region(const page_region& region, std::vector<uint64_t>& blocks) const {
    const uint64_t first = (region.start + block_size - 1) / block_size * block_size;
    for (uint64_t block = first; block + block_size <= region.end; block += block_size)
      if (only_its_own(block)) blocks.push_back(block);
  }

  // What a fork shares would be doubled. Bit 56 of an entry (admin-guide/mm/pagemap in Linux).
  bool only_its_own(uint64_t address) const {
    uint64_t entry = 0;
    const auto at = static_cast<off_t>(address / page_size * sizeof entry);
    return ::pread(pagemap_.get(), &entry, sizeof entry, at) == sizeof entry &&
           (entry >> 56 & 1) != 0;
  }

  UniqueFd pagemap_;
};

/// The first of these blocks that follow each other without a gap, as many as one call takes.
size_t in_a_row(std::span<const uint64_t> blocks) {
  size_t count = 1;
  while (count < std::min(blocks.size(), most_blocks_a_call) &&
         blocks[count] == blocks[count - 1] + block_size)
    ++count;
  return count;
}

bool collapse(int pidfd, uint64_t start, uint64_t bytes) {
  const iovec range{reinterpret_cast<void*>(start), bytes};
  return ::process_madvise(pidfd, &range, 1, MADV_COLLAPSE, 0) >= 0;
}

}  // namespace

uint64_t make_big_pages(pid_t pid, uint64_t least, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  const FullBlocks full(pid);
  std::vector<uint64_t> blocks;
  for (const Mapping& mapping : anonymous_mappings(pid)) full.add(mapping, blocks);
  const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (blocks.size() * block_size < least || !pidfd) return 0;
  uint64_t made = 0;
  int refusals = 0;
  for (std::span<const uint64_t> left = blocks; !left.empty();) {
    if (refusals == most_refusals || std::chrono::steady_clock::now() >= end) break;
    const size_t count = in_a_row(left);
    const bool done = collapse(pidfd.get(), left.front(), count * block_size);
    refusals = done ? 0 : refusals + 1;
    made += done ? count * block_size : 0;
    left = left.subspan(count);
  }
  return made;
}

}  // namespace wayferry
