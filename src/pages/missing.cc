// SPDX-License-Identifier: MIT
#include "pages/missing.h"

#include <algorithm>

namespace wayferry {

Missing::Missing(const std::vector<PageRange>& at_source) {
  for (const PageRange& range : at_source) {
    if (range.pages == 0) continue;
    intervals_[range.start] = {.end = range.start + range.pages * page_size,
                               .at_source = range.start};
    pages_ += range.pages;
  }
}

std::optional<uint64_t> Missing::find(uint64_t now) const {
  const auto after = intervals_.upper_bound(now);
  if (after == intervals_.begin()) return std::nullopt;
  const auto& [start, interval] = *std::prev(after);
  if (interval.end <= now) return std::nullopt;
  return interval.at_source + (now - start);
}

bool Missing::any(uint64_t now, uint64_t bytes) const {
  const auto after = intervals_.lower_bound(now);
  return (after != intervals_.end() && after->first < now + bytes) || find(now);
}

void Missing::collect(uint64_t now, const Interval& interval, PageRange wanted,
                      std::vector<Piece>& found) const {
  const uint64_t end_at_source = interval.at_source + (interval.end - now);
  const uint64_t from = std::max(wanted.start, interval.at_source);
  const uint64_t to = std::min(wanted.start + wanted.pages * page_size, end_at_source);
  if (from >= to) return;
  found.push_back({.now = now + (from - interval.at_source),
                   .at_source = from,
                   .pages = (to - from) / page_size});
}

std::vector<Missing::Piece> Missing::pieces(PageRange at_source) const {
  std::vector<Piece> found;
  auto at = intervals_.begin();
  if (!moved_) {
    at = intervals_.upper_bound(at_source.start);
    if (at != intervals_.begin()) --at;
  }
  for (; at != intervals_.end(); ++at) {
    if (!moved_ && at->first >= at_source.start + at_source.pages * page_size) break;
    collect(at->first, at->second, at_source, found);
  }
  return found;
}

std::vector<PageRange> Missing::all() const {
  std::vector<PageRange> ranges;
  for (const auto& [now, interval] : intervals_)
    ranges.push_back({.start = interval.at_source, .pages = (interval.end - now) / page_size});
  return ranges;
}

void Missing::split(uint64_t now) {
  const auto after = intervals_.upper_bound(now);
  if (after == intervals_.begin()) return;
  auto& [start, interval] = *std::prev(after);
  if (start == now || interval.end <= now) return;
  intervals_[now] = {.end = interval.end, .at_source = interval.at_source + (now - start)};
  interval.end = now;
}

void Missing::remove(uint64_t now, uint64_t pages) {
  const uint64_t end = now + pages * page_size;
  split(now);
  split(end);
  const auto first = intervals_.lower_bound(now);
  const auto last = intervals_.lower_bound(end);
  for (auto at = first; at != last; ++at) pages_ -= (at->second.end - at->first) / page_size;
  intervals_.erase(first, last);
}

void Missing::remap(uint64_t from, uint64_t to, uint64_t bytes) {
  split(from);
  split(from + bytes);
  const auto first = intervals_.lower_bound(from);
  const auto last = intervals_.lower_bound(from + bytes);
  const std::vector<std::pair<uint64_t, Interval>> taken(first, last);
  intervals_.erase(first, last);
  remove(to, bytes / page_size);  // mremap has unmapped whatever was there
  for (const auto& [start, interval] : taken) {
    intervals_[start - from + to] = {.end = interval.end - from + to,
                                     .at_source = interval.at_source};
    moved_ = true;
  }
}

}  // namespace wayferry
