// SPDX-License-Identifier: MIT
#include "pages/placer.h"

#include <algorithm>
#include <cstring>

#include "pages/packing.h"

namespace wayferry {
namespace {

/// Pages that arrived in a frame.
Bytes content_of(const Frame& frame, Bytes payload, std::vector<std::byte>& space) {
  if (frame.kind == FrameKind::raw) return payload;
  if (frame.kind != FrameKind::lz4)
    throw ProtocolError("page channel", "a frame that only a target may send");
  space.resize(frame.pages * page_size);
  unpack(payload, space);
  return space;
}

/// What belongs to a frame, if it is that.
Bytes verified(const Frame& frame, Bytes pages) {
  if (pages.size() != frame.pages * page_size || checksum_of(frame, pages) != frame.checksum)
    throw ProtocolError("page channel", "pages that are not what was sent");
  return pages;
}

}  // namespace

void Placer::take(const Frame& frame, Bytes payload, bool urgent) {
  const bool known = frame.kind == FrameKind::known;
  if (frame.kind != FrameKind::zero && !known) return take_content(frame, payload, urgent);
  Run run{.frame = frame, .first = known ? number_in(payload) : 0};
  if (!urgent) return keep(std::move(run));
  spaces_.fill(frame, pages_of(run), urgent);
}

void Placer::take_content(const Frame& frame, Bytes payload, bool urgent) {
  thread_local std::vector<std::byte> space;  // two threads are here
  const Bytes pages = verified(frame, content_of(frame, payload, space));
  if (urgent || open_) return spaces_.fill(frame, pages, urgent);
  keep({.frame = frame,
        .content = std::make_shared<std::vector<std::byte>>(pages.begin(), pages.end())});
}

PageNumber Placer::number_in(Bytes payload) const {
  PageNumber first = 0;
  if (!early_ || payload.size() != sizeof first)
    throw ProtocolError("page channel", "names pages that did not go ahead");
  std::memcpy(&first, payload.data(), sizeof first);
  return first;
}

Bytes Placer::pages_of(const Run& run) const {
  if (run.frame.kind == FrameKind::zero) return {};
  if (run.content) return *run.content;
  const EarlyStore* const early = early_;
  return verified(run.frame, early->pages(run.first, run.frame.pages));
}

Placer::Key Placer::key_of(const Run& run) {
  return {static_cast<pid_t>(run.frame.process), run.frame.address};
}

void Placer::keep(Run run) {
  const std::lock_guard lock(mutex_);
  if (run.content) kept_content_ += run.frame.pages;
  if (kept_content_ > most_early_content + most_pages)
    throw ProtocolError("page channel", "more content than may come before it is asked for");
  const Key key = key_of(run);
  runs_.push_back(std::move(run));
  by_start_[key] = std::prev(runs_.end());  // over another connection one may come again
  if (begun_ || before_begin_ > 0) changed_.notify_all();  // else nobody could do anything
}

void Placer::begin_with(uint64_t pages) {
  const std::lock_guard lock(mutex_);
  before_begin_ = pages;
  changed_.notify_all();
}

void Placer::begin() {
  const std::lock_guard lock(mutex_);
  begun_ = true;
  changed_.notify_all();
}

bool Placer::place_next(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const auto may_go_on = [this] { return (begun_ || before_begin_ > 0) && !runs_.empty(); };
  if (!changed_.wait(lock, stop, may_go_on)) return false;
  const auto run = runs_.begin();
  run->being_placed = true;
  before_begin_ -= std::min<uint64_t>(before_begin_, run->frame.pages);
  lock.unlock();
  // Nobody but us takes it away, and nobody changes it.
  spaces_.fill(run->frame, pages_of(*run), /*urgent=*/false);
  lock.lock();
  const auto indexed = by_start_.find(key_of(*run));
  if (indexed != by_start_.end() && indexed->second == run) by_start_.erase(indexed);
  runs_.erase(run);
  return true;
}

std::list<Placer::Run>::iterator Placer::find(pid_t process, uint64_t at_source) {
  const auto after = by_start_.upper_bound({process, at_source});
  if (after == by_start_.begin()) return runs_.end();
  const auto run = std::prev(after)->second;
  const Frame& frame = run->frame;
  const bool inside = static_cast<pid_t>(frame.process) == process &&
                      at_source < frame.address + frame.pages * page_size;
  return inside ? run : runs_.end();
}

bool Placer::knows(pid_t process, uint64_t at_source) {
  const std::lock_guard lock(mutex_);
  return find(process, at_source) != runs_.end();
}

void Placer::place_asked(pid_t process, uint64_t at_source) {
  place_soon(process, at_source);
  PageRange wanted{.start = at_source, .pages = 1 + streams_.ask(process, at_source)};
  while (wanted.pages > 0) {
    const auto run = find_named(process, wanted.start);
    if (!run) return;  // never named, or placed by the other thread meanwhile
    const Bytes pages = pages_of(*run);
    if (wanted.start == at_source)
      place(*run, pages, {.start = at_source, .pages = 1}, /*urgent=*/true);
    const uint64_t end = run->frame.address + run->frame.pages * page_size;
    const uint64_t count = std::min(wanted.pages, (end - wanted.start) / page_size);
    place(*run, pages, {.start = wanted.start, .pages = count}, /*urgent=*/false);
    wanted = {.start = wanted.start + count * page_size, .pages = wanted.pages - count};
  }
}

void Placer::place_soon(pid_t process, uint64_t at_source) {
  const std::lock_guard lock(mutex_);
  const auto run = find(process, at_source);
  // Never before one that the other thread is busy with: it takes the first away.
  if (run == runs_.end() || run->being_placed) return;
  runs_.splice(runs_.begin()->being_placed ? std::next(runs_.begin()) : runs_.begin(), runs_, run);
}

std::optional<Placer::Run> Placer::find_named(pid_t process, uint64_t at_source) {
  const std::lock_guard lock(mutex_);
  const auto run = find(process, at_source);
  if (run == runs_.end()) return std::nullopt;
  return *run;
}

void Placer::place(const Run& run, Bytes pages, PageRange range, bool urgent) {
  Frame part = run.frame;
  part.address = range.start;
  part.pages = static_cast<uint32_t>(range.pages);
  if (!pages.empty())
    pages = pages.subspan(range.start - run.frame.address, range.pages * page_size);
  spaces_.fill(part, pages, urgent);
}

}  // namespace wayferry
