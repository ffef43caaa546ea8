// SPDX-License-Identifier: MIT
#include "move/sampled_memory.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <ranges>
#include <tuple>

#include "util/error.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace wayferry {
namespace {

// One in so many pages, but no more than take 30 ms to look at.
constexpr uint64_t apart = 16;
constexpr uint64_t most_samples = 16384;

// After one that has changed.
constexpr uint64_t window = 128;

// A reading's.
constexpr size_t batch = 32;

// These are found by the first page that is there: to ask for every page of a large app takes
// longer than there is time.
constexpr uint64_t part_pages = 512;

// Smaller ones go ahead in any case.
constexpr uint64_t large_pages = 256;

// What a single question is about: an app may have reserved terabytes.
constexpr uint64_t most_asked = uint64_t{1} << 30;

std::vector<PageRange> large_mappings(pid_t process) {
  std::vector<PageRange> large;
  for (const Mapping& mapping : lazy_mappings(process)) {
    const uint64_t pages = (mapping.end - mapping.start) / page_size;
    if (pages >= large_pages) large.push_back({.start = mapping.start, .pages = pages});
  }
  return large;
}

}  // namespace

SampledMemory::SampledMemory(const std::map<pid_t, pid_t>& processes) {
  for (const auto& [inner, outer] : processes) {
    const std::vector<PageRange> large = large_mappings(outer);
    if (large.empty()) continue;
    try {
      processes_.emplace(
          inner, Process{.memory = FrozenMemory({{inner, outer}}), .finder = PageFinder(outer)});
    } catch (const SystemError&) {
      continue;  // it has ended meanwhile
    }
    for (const PageRange& range : large) unseen_.push_back({.process = inner, .range = range});
  }
}

void SampledMemory::look(const std::function<bool()>& go_on) {
  while (go_on()) {
    if (!unseen_.empty())
      find_part();
    else if (asked_ < enough())
      take_samples();
    else
      return;
  }
}

void SampledMemory::find_part() {
  AppPages& rest = unseen_.back();
  const uint64_t end = std::min(end_of(rest.range), rest.range.start + most_asked);
  const auto first = first_in(rest.process, {.start = rest.range.start, .end = end});
  const uint64_t seen = first ? std::min(*first + part_pages * page_size, end_of(rest.range)) : end;
  if (first)
    parts_.push_back({.process = rest.process,
                      .range = {.start = *first, .pages = (seen - *first) / page_size}});
  rest.range = {.start = seen, .pages = (end_of(rest.range) - seen) / page_size};
  if (rest.range.pages == 0) unseen_.pop_back();
}

std::optional<uint64_t> SampledMemory::first_in(pid_t process, const Mapping& part) const {
  try {
    return processes_.at(process).finder.first_in(part);
  } catch (const SystemError&) {
    return std::nullopt;  // it has ended meanwhile
  }
}

size_t SampledMemory::enough() const {
  return std::min(parts_.size() * part_pages / apart, most_samples);
}

void SampledMemory::take_samples() {
  std::vector<Sample> some;
  for (size_t i = 0; i < batch; ++i, ++asked_)
    if (const auto sample = next_sample()) some.push_back(*sample);
  std::ranges::sort(some, {}, [](const Sample& s) { return std::tie(s.process, s.address); });
  look_at(some, [&](Sample sample, uint64_t hash) {
    sample.hash = hash;
    samples_.push_back(sample);
  });
}

// In steps of the golden ratio: wherever they end they are spread evenly, and no app works in steps
// between which they fall, as it may between every sixteenth page.
std::optional<SampledMemory::Sample> SampledMemory::next_sample() {
  at_ = std::fmod(at_ + std::numbers::phi, 1.0);
  const auto page = static_cast<uint64_t>(at_ * static_cast<double>(parts_.size() * part_pages));
  const AppPages& part = parts_[page / part_pages];
  const uint64_t start = part.range.start + page % part_pages * page_size;
  const uint64_t end = std::min(end_of(part.range), start + apart * page_size);
  const auto address =
      start < end ? first_in(part.process, {.start = start, .end = end}) : std::nullopt;
  if (!address) return std::nullopt;
  return Sample{.process = part.process, .address = *address, .hash = 0};
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
    const size_t read = processes_.at(process).memory.read_scattered(process, addresses, space);
    for (size_t i = 0; i < read; ++i)
      tell(samples[i], XXH3_64bits(space.data() + i * page_size, page_size));
    samples = samples.subspan(addresses.size());
  }
}

}  // namespace wayferry
