// SPDX-License-Identifier: MIT
#include "pages/send_order.h"

#include <algorithm>

#include "pages/channel.h"

namespace wayferry {
namespace {

// As many as an app's working set may be. Whoever restores on the same processors would wait for
// the names of more.
constexpr uint64_t most_early_names = 16384;

}  // namespace

SendOrder::SendOrder(std::map<pid_t, Intervals> lazy) : unsent_(std::move(lazy)) {}

void SendOrder::prefer(const std::vector<AppPages>& pages) {
  const std::lock_guard lock(mutex_);
  preferred_.assign(pages.begin(), pages.end());
}

void SendOrder::use_early(const std::vector<AppPages>& places) {
  const std::lock_guard lock(mutex_);
  early_.assign(places.begin(), places.end());
  to_name_ = preferred_;
  to_name_.insert(to_name_.end(), places.begin(), places.end());
}

void SendOrder::let_flow() {
  const std::lock_guard lock(mutex_);
  allowed_.flows = true;
  changed_.notify_all();
}

void SendOrder::begin_connection() {
  const std::lock_guard lock(mutex_);
  allowed_.listed = false;
  wanted_.clear();
  sent_.clear();
  if (!std::exchange(connected_before_, true)) return;
  to_name_.clear();
  early_.clear();
}

void SendOrder::want(pid_t process, PageRange range) {
  const std::lock_guard lock(mutex_);
  wanted_[process].add(range);
}

void SendOrder::end_list() {
  const std::lock_guard lock(mutex_);
  unsent_ = std::exchange(wanted_, {});
  for (const auto& [process, sent] : sent_) unsent_[process].remove(sent);
  allowed_.listed = true;
  changed_.notify_all();
}

std::optional<SendOrder::Piece> SendOrder::take_first(std::deque<AppPages>& places) {
  while (!places.empty()) {
    auto& [process, place] = places.front();
    const auto unsent = unsent_.find(process);
    auto range = unsent == unsent_.end() ? std::nullopt : unsent->second.first_within(place);
    if (!range) {
      places.pop_front();
      continue;
    }
    range->pages = std::min<uint64_t>(range->pages, most_pages);
    unsent->second.remove(*range);
    const uint64_t next = range->start + range->pages * page_size;
    place.pages -= (next - place.start) / page_size;
    place.start = next;
    return Piece{.process = process, .range = *range};
  }
  return std::nullopt;
}

std::optional<SendOrder::Piece> SendOrder::take_from(pid_t process, uint64_t address) {
  for (auto at = unsent_.lower_bound(process); at != unsent_.end(); ++at) {
    const auto range = at->second.first_from(at->first == process ? address : 0, most_pages);
    if (!range) continue;
    at->second.remove(*range);
    return Piece{.process = at->first, .range = *range};
  }
  return std::nullopt;
}

std::optional<SendOrder::Piece> SendOrder::take_streamed() {
  Streams::Stream& stream = streams_.turn();
  auto taken = take_from(stream.process, stream.next);
  if (!taken) taken = take_from(0, 0);  // all behind it is sent
  if (!taken) return std::nullopt;
  stream.process = taken->process;
  stream.next = taken->range.start + taken->range.pages * page_size;
  return taken;
}

std::optional<SendOrder::Piece> SendOrder::take_preferred() {
  if (!allowed_.listed && early_content_ >= most_early_content) return std::nullopt;
  return take_first(preferred_);
}

std::optional<SendOrder::Piece> SendOrder::take_name() {
  if (!allowed_.flows && early_names_ >= most_early_names) return std::nullopt;
  auto piece = take_first(to_name_);
  if (!piece) return std::nullopt;
  early_names_ += piece->range.pages;
  piece->only_names = true;
  return piece;
}

std::optional<SendOrder::Piece> SendOrder::take_next() {
  const std::lock_guard lock(mutex_);
  seen_ = allowed_;
  if (auto piece = take_preferred()) return piece;
  if (auto piece = take_name()) return piece;
  if (!allowed_.listed || !to_name_.empty()) return std::nullopt;
  // What of these has changed.
  if (auto piece = take_first(early_)) return piece;
  return allowed_.flows ? take_streamed() : std::nullopt;
}

bool SendOrder::await_more(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (seen_ == Allowed{.listed = true, .flows = true}) return false;
  return changed_.wait(lock, stop, [this] { return allowed_ != seen_; });
}

void SendOrder::put_back(pid_t process, PageRange range) {
  const std::lock_guard lock(mutex_);
  unsent_[process].add(range);
}

void SendOrder::sent(pid_t process, PageRange range, uint64_t content) {
  const std::lock_guard lock(mutex_);
  if (allowed_.listed) return unsent_[process].remove(range);  // it came since they were taken
  sent_[process].add(range);
  early_content_ += content;
}

std::optional<PageRange> SendOrder::take_behind(pid_t process, uint64_t address) {
  const std::lock_guard lock(mutex_);
  const uint64_t ahead = streams_.ask(process, address);
  Intervals& unsent = unsent_[process];
  unsent.remove({.start = address, .pages = 1});
  const auto more = unsent.first_within({.start = address + page_size, .pages = ahead});
  if (more) unsent.remove(*more);
  return more;
}

uint64_t SendOrder::left() const {
  const std::lock_guard lock(mutex_);
  uint64_t left = 0;
  for (const auto& [process, unsent] : unsent_) left += unsent.pages();
  return left;
}

}  // namespace wayferry
