// SPDX-License-Identifier: MIT
#include "pages/placer.h"

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

void Placer::keep(Run run) {
  const std::lock_guard lock(mutex_);
  if (run.content) kept_content_ += run.frame.pages;
  if (kept_content_ > most_early_content + most_pages)
    throw ProtocolError("page channel", "more content than may come before it is asked for");
  const Key key(static_cast<pid_t>(run.frame.process), run.frame.address);
  runs_[key] = std::move(run);
  order_.push_back(key);
  changed_.notify_all();
}

void Placer::open() {
  const std::lock_guard lock(mutex_);
  open_ = true;
  changed_.notify_all();
}

bool Placer::place_next(const std::stop_token& stop) {
  Key key;
  Run run;
  {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [this] { return open_ && !order_.empty(); })) return false;
    key = order_.front();
    order_.pop_front();
    const auto found = runs_.find(key);
    if (found == runs_.end()) return true;  // placed already: it was asked for
    run = found->second;
  }
  spaces_.fill(run.frame, pages_of(run), /*urgent=*/false);
  const std::lock_guard lock(mutex_);
  runs_.erase(key);
  return true;
}

std::optional<Placer::Run> Placer::find(pid_t process, uint64_t at_source) const {
  const std::lock_guard lock(mutex_);
  const auto after = runs_.upper_bound({process, at_source});
  if (after == runs_.begin()) return std::nullopt;
  const auto& [key, run] = *std::prev(after);
  const uint64_t end = run.frame.address + run.frame.pages * page_size;
  if (key.first != process || at_source >= end) return std::nullopt;
  return run;
}

bool Placer::knows(pid_t process, uint64_t at_source) const {
  return find(process, at_source).has_value();
}

void Placer::place_asked(pid_t process, uint64_t at_source) {
  const auto run = find(process, at_source);
  if (!run) return;  // placed by the other thread meanwhile
  const Bytes pages = pages_of(*run);
  Frame page = run->frame;
  page.address = at_source;
  page.pages = 1;
  spaces_.fill(page,
               pages.empty() ? pages : pages.subspan(at_source - run->frame.address, page_size),
               /*urgent=*/true);
  const std::lock_guard lock(mutex_);
  order_.emplace_front(process, run->frame.address);
}

}  // namespace wayferry
