// SPDX-License-Identifier: MIT
#include "pages/intervals.h"

#include <algorithm>

namespace wayferry {

void Intervals::add(PageRange range) {
  if (range.pages == 0) return;
  remove(range);  // so that no page is counted twice
  starts_[range.start] = range.start + range.pages * page_size;
  pages_ += range.pages;
}

void Intervals::remove(PageRange range) {
  const uint64_t end = range.start + range.pages * page_size;
  auto at = starts_.upper_bound(range.start);
  if (at != starts_.begin() && std::prev(at)->second > range.start) --at;
  while (at != starts_.end() && at->first < end) {
    const auto [start, stop] = *at;
    at = starts_.erase(at);
    pages_ -= (std::min(stop, end) - std::max(start, range.start)) / page_size;
    if (start < range.start) starts_[start] = range.start;
    if (stop > end) starts_[end] = stop;
  }
}

void Intervals::remove(const Intervals& others) {
  for (const auto& [start, end] : others.starts_)
    remove({.start = start, .pages = (end - start) / page_size});
}

bool Intervals::contains(uint64_t address) const {
  const auto after = starts_.upper_bound(address);
  return after != starts_.begin() && std::prev(after)->second > address;
}

std::optional<PageRange> Intervals::first_from(uint64_t address, uint64_t most) const {
  auto at = starts_.upper_bound(address);
  if (at != starts_.begin() && std::prev(at)->second > address) --at;
  if (at == starts_.end()) return std::nullopt;
  const uint64_t start = std::max(address, at->first);
  return PageRange{.start = start, .pages = std::min(most, (at->second - start) / page_size)};
}

std::optional<PageRange> Intervals::first_within(PageRange range) const {
  auto found = first_from(range.start, range.pages);
  if (!found) return std::nullopt;
  const uint64_t end = range.start + range.pages * page_size;
  if (found->start >= end) return std::nullopt;
  found->pages = std::min(found->pages, (end - found->start) / page_size);
  return found;
}

}  // namespace wayferry
