// SPDX-License-Identifier: MIT
#include "move/sampled_memory.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <ranges>
#include <tuple>

#include "move/running_memory.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace wayferry {
namespace {

// One in so many pages; and, because to look at so many takes 6 to 8 ms, less of more than 256 MB.
constexpr uint64_t apart = 16;
constexpr uint64_t most_samples = 4096;

// After one that has changed.
constexpr uint64_t window = 128;

// A reading's.
constexpr size_t batch = 32;

/// Pages of several mappings, as if they were one after the other.
class AllPages {
 public:
  void add(const AppPages& run) {
    runs_.push_back({.begin = count_, .pages = run});
    count_ += run.range.pages;
  }
  uint64_t count() const { return count_; }
  std::pair<pid_t, uint64_t> operator[](uint64_t number) const {
    const Run& run = *std::prev(std::ranges::upper_bound(runs_, number, {}, &Run::begin));
    return {run.pages.process, run.pages.range.start + (number - run.begin) * page_size};
  }

 private:
  struct Run {
    uint64_t begin;
    AppPages pages;
  };
  std::vector<Run> runs_;
  uint64_t count_ = 0;
};

AllPages large_parts_of(const std::map<pid_t, pid_t>& processes) {
  AllPages all;
  for (const auto& [inner, outer] : processes) {
    const PagesSeen seen = see_private_pages({outer});
    for (const PageRange& run : seen.at(outer).runs) all.add({.process = inner, .range = run});
  }
  return all;
}

/// Numbers below `count`, in steps of the golden ratio: wherever they end they are spread evenly,
/// and no app works in steps between which they fall, as it may between every sixteenth page.
class Spread {
 public:
  explicit Spread(uint64_t count) : count_(static_cast<double>(count)) {}
  uint64_t next() {
    at_ = std::fmod(at_ + std::numbers::phi, 1.0);
    return static_cast<uint64_t>(at_ * count_);
  }

 private:
  double count_;
  double at_ = 0;
};

}  // namespace

SampledMemory::SampledMemory(const std::map<pid_t, pid_t>& processes,
                             const std::function<bool()>& go_on)
    : memories_(memories_of(processes)) {
  const AllPages all = large_parts_of(processes);
  const uint64_t enough = std::min(all.count() / apart, most_samples);
  Spread spread(all.count());
  for (uint64_t wanted = 0; wanted < enough && go_on(); wanted += batch) {
    std::vector<Sample> some;
    for (size_t i = 0; i < batch; ++i) {
      const auto [process, address] = all[spread.next()];
      some.push_back({.process = process, .address = address, .hash = 0});
    }
    std::ranges::sort(some, {}, [](const Sample& s) { return std::tie(s.process, s.address); });
    look_at(some, [&](Sample sample, uint64_t hash) {
      sample.hash = hash;
      samples_.push_back(sample);
    });
  }
}

std::vector<AppPages> SampledMemory::at_work() const {
  std::vector<AppPages> places;
  look_at(samples_, [&](const Sample& sample, uint64_t hash) {
    if (hash == sample.hash) return;
    places.push_back(
        {.process = sample.process, .range = {.start = sample.address, .pages = window}});
  });
  return places;
}

void SampledMemory::look_at(
    std::span<const Sample> samples,
    const std::function<void(const Sample& sample, uint64_t hash)>& tell) const {
  std::vector<std::byte> space(batch * page_size);
  std::vector<uint64_t> addresses;
  while (!samples.empty()) {
    const pid_t process = samples.front().process;
    addresses.clear();
    for (const Sample& sample : samples | std::views::take(batch)) {
      if (sample.process != process) break;
      addresses.push_back(sample.address);
    }
    const auto memory = memories_.find(process);
    const size_t read =
        memory == memories_.end() ? 0 : memory->second.read_scattered(process, addresses, space);
    for (size_t i = 0; i < read; ++i)
      tell(samples[i], XXH3_64bits(space.data() + i * page_size, page_size));
    samples = samples.subspan(addresses.size());
  }
}

}  // namespace wayferry
