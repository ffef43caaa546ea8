// SPDX-License-Identifier: MIT
#include "pages/page_source.h"

#include <sys/eventfd.h>

#include <array>
#include <thread>

#include "util/priority.h"

namespace wayferry {
namespace {

using Clock = std::chrono::steady_clock;

static_assert(most_read_ahead <= most_pages, "a read-ahead is one frame");

}  // namespace

PageSource::PageSource(const FrozenMemory& memory, std::map<pid_t, std::vector<PageRange>> lazy,
                       uint64_t bytes_per_second)
    : memory_(memory), bytes_per_second_(bytes_per_second) {
  for (const auto& [process, ranges] : lazy)
    for (const PageRange& range : ranges) lazy_[process].add(range);
  unsent_ = lazy_;
  for (const auto& [process, unsent] : unsent_) numbers_.left += unsent.pages();
}

bool PageSource::serve(Channel& faults, Channel& bulk, const std::stop_token& stop,
                       const std::function<void()>& cut) {
  if (std::exchange(served_, true)) forget_early();
  std::exception_ptr error;
  std::jthread pusher;
  const auto start_bulk = [&] {
    pusher = std::jthread([&](const std::stop_token& own) {
      try {
        push_all(bulk, own);
      } catch (...) {
        error = std::current_exception();
        cut();  // so that the other thread ends too
      }
    });
  };
  answered_.clear();  // by a connection that is gone: who knows what of it arrived
  bool drained = false;
  try {
    drained = serve_faults(faults, stop, start_bulk);
  } catch (...) {
    cut();
    pusher = {};
    if (error) std::rethrow_exception(error);  // the first of the two
    throw;
  }
  if (!drained) cut();
  pusher = {};
  return drained;
}

bool PageSource::serve_faults(Channel& faults, const std::stop_token& stop,
                              const std::function<void()>& start_bulk) {
  // A signal of its own for the stop: without it a stop would be seen at the next tick.
  const UniqueFd wake(check("eventfd", ::eventfd(0, EFD_CLOEXEC)));
  const std::stop_callback waker(stop, [&] { ::eventfd_write(wake.get(), 1); });
  std::vector<std::byte> payload;
  auto heard = Clock::now();
  auto ticked = heard;
  bool listing = false;
  while (!stop.stop_requested()) {
    const auto frame = faults.receive(payload, tick_pause, wake.get());
    const auto now = Clock::now();
    if (now - ticked >= tick_pause) faults.send({.kind = FrameKind::tick});
    if (now - ticked >= tick_pause) ticked = now;
    if (!frame && now - heard > channel_silence)
      throw ChannelLost("no sign of the other side for 4 s");
    if (!frame) continue;
    heard = now;
    if (frame->kind == FrameKind::drained) {
      faults.send(*frame);  // so that it knows we know
      return true;
    }
    if (frame->kind == FrameKind::ask) answer(faults, *frame);
    if (frame->kind == FrameKind::want) {
      const std::lock_guard lock(mutex_);
      if (!std::exchange(listing, true)) unsent_.clear();
      want(*frame);
    }
    if (frame->kind == FrameKind::want_end) start_bulk();
  }
  return false;
}

void PageSource::require_lazy(const Frame& frame) const {
  const auto ranges = lazy_.find(static_cast<pid_t>(frame.process));
  const uint64_t last = frame.address + (frame.pages - 1) * page_size;
  if (frame.pages == 0 || ranges == lazy_.end() || !ranges->second.contains(frame.address) ||
      !ranges->second.contains(last))
    throw ProtocolError("page channel", "asks for pages that are not lazy");
}

void PageSource::want(const Frame& frame) {
  require_lazy(frame);
  unsent_[static_cast<pid_t>(frame.process)].add({.start = frame.address, .pages = frame.pages});
}

void PageSource::answer(Channel& faults, const Frame& ask) {
  require_lazy(ask);
  const auto process = static_cast<pid_t>(ask.process);
  ++numbers_.asked;
  // The page alone in the first frame: a frame is put in place when all of it is there.
  for (const PageRange& range : take_asked(process, ask.address))
    send_pages(faults, process, range, nullptr);
}

std::vector<PageRange> PageSource::take_asked(pid_t process, uint64_t address) {
  std::vector<PageRange> taken;
  Intervals& answered = answered_[process];
  // Asked again only because a connection is new: it is on its way, and nobody reads on.
  if (address == last_asked_ && answered.contains(address)) return {};
  last_asked_ = address;
  // One that bulk has sent is sent again: it may be far back in a long queue.
  if (!answered.contains(address)) taken.push_back({.start = address, .pages = 1});
  const uint64_t after = address + page_size;
  const std::lock_guard lock(mutex_);
  const uint64_t ahead = streams_.ask(process, address);
  Intervals& unsent = unsent_[process];
  unsent.remove({.start = address, .pages = 1});
  if (const auto more = unsent.first_within({.start = after, .pages = ahead})) {
    taken.push_back(*more);
    unsent.remove(*more);
  }
  for (const PageRange& range : taken) answered.add(range);
  return taken;
}

void PageSource::prefer(std::vector<HotPage> pages) {
  const std::lock_guard lock(mutex_);
  preferred_.assign(pages.begin(), pages.end());
}

void PageSource::use_early(const EarlyPages& pages, const EarlyPlaces& places) {
  early_ = &pages;
  for (const auto& [process, range] : places) early_places_[process].add(range);
  const std::lock_guard lock(mutex_);
  early_unsent_.assign(places.begin(), places.end());
}

void PageSource::forget_early() {
  early_ = nullptr;
  const std::lock_guard lock(mutex_);
  early_unsent_.clear();
}

std::optional<std::pair<pid_t, PageRange>> PageSource::take_preferred() {
  while (!preferred_.empty()) {
    const HotPage hot = preferred_.front();
    preferred_.pop_front();
    const auto unsent = unsent_.find(hot.process);
    if (unsent == unsent_.end()) continue;
    const auto range = unsent->second.first_within({.start = hot.address, .pages = hot_window});
    if (!range) continue;
    unsent->second.remove(*range);
    return std::pair(hot.process, *range);
  }
  return std::nullopt;
}

std::optional<std::pair<pid_t, PageRange>> PageSource::take_early() {
  while (!early_unsent_.empty()) {
    auto& [process, place] = early_unsent_.front();
    Intervals& unsent = unsent_[process];
    auto range = unsent.first_within(place);
    if (!range) {
      early_unsent_.pop_front();
      continue;
    }
    range->pages = std::min<uint64_t>(range->pages, most_pages);
    unsent.remove(*range);
    const uint64_t next = range->start + range->pages * page_size;
    place.pages -= (next - place.start) / page_size;
    place.start = next;
    return std::pair(process, *range);
  }
  return std::nullopt;
}

std::optional<std::pair<pid_t, PageRange>> PageSource::take_from(pid_t process, uint64_t address) {
  for (auto at = unsent_.lower_bound(process); at != unsent_.end(); ++at) {
    const auto range = at->second.first_from(at->first == process ? address : 0, most_pages);
    if (!range) continue;
    at->second.remove(*range);
    return std::pair(at->first, *range);
  }
  return std::nullopt;
}

std::optional<std::pair<pid_t, PageRange>> PageSource::take_streamed() {
  Streams::Stream& stream = streams_.turn();
  auto taken = take_from(stream.process, stream.next);
  if (!taken) taken = take_from(0, 0);  // all behind it is sent
  if (!taken) return std::nullopt;
  stream.process = taken->first;
  stream.next = taken->second.start + taken->second.pages * page_size;
  return taken;
}

void PageSource::let_flow() {
  const std::lock_guard lock(mutex_);
  flows_ = true;
  flows_changed_.notify_all();
}

std::optional<std::pair<pid_t, PageRange>> PageSource::take_next(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  auto taken = take_preferred();
  if (!taken) taken = take_early();
  if (!taken && flows_changed_.wait(lock, stop, [this] { return flows_; })) taken = take_streamed();
  uint64_t left = 0;
  for (const auto& [process, unsent] : unsent_) left += unsent.pages();
  numbers_.left = left;
  return taken;
}

void PageSource::push_all(Channel& bulk, const std::stop_token& stop) {
  let_others_first();
  Packing packing;
  while (!stop.stop_requested()) {
    const auto next = take_next(stop);
    if (!next) return;
    send_pages(bulk, next->first, next->second, &packing);
  }
}

bool PageSource::keep_to_rate(uint64_t bytes) {
  if (bytes_per_second_ == 0) return false;
  const auto now = Clock::now();
  // No credit for a time in which nothing was sent.
  may_send_at_ = std::max(may_send_at_, now) +
                 std::chrono::nanoseconds(bytes * 1'000'000'000 / bytes_per_second_);
  std::this_thread::sleep_until(may_send_at_);
  return true;
}

PageSource::Way PageSource::way_of(pid_t process, uint64_t address, Bytes page) const {
  if (is_zero(page)) return {FrameKind::zero};
  if (!early_) return {FrameKind::raw};
  const auto places = early_places_.find(process);
  const bool looked_at = places != early_places_.end() && places->second.contains(address);
  const auto number = looked_at ? early_->find(page) : std::nullopt;
  return number ? Way{FrameKind::known, *number} : Way{FrameKind::raw};
}

void PageSource::send_pages(Channel& channel, pid_t process, PageRange range, Packing* packing) {
  // Not a member: two threads are here. Not a new one each time: that is zeroed.
  thread_local std::array<std::byte, longest_run> buffer;
  const auto memory = std::span(buffer).first(range.pages * page_size);
  memory_.read(process, range.start, memory);
  const auto way = [&](uint64_t i) {
    return way_of(process, range.start + i * page_size,
                  Bytes(memory).subspan(i * page_size, page_size));
  };
  Way next = way(0);
  for (uint64_t from = 0, to = 0; from < range.pages; from = to) {
    const Way run = next;
    for (to = from + 1; to < range.pages; ++to)
      if (next = way(to); !run.goes_on(next, to - from)) break;
    const Frame frame{.kind = run.kind,
                      .process = static_cast<uint32_t>(process),
                      .address = range.start + from * page_size,
                      .pages = static_cast<uint32_t>(to - from)};
    send_run(channel, frame, Bytes(memory).subspan(from * page_size, (to - from) * page_size), run,
             packing);
  }
}

void PageSource::send_run(Channel& channel, Frame frame, Bytes pages, const Way& way,
                          Packing* packing) {
  if (way.kind == FrameKind::raw) return send_content(channel, frame, pages, packing);
  if (way.kind == FrameKind::known) {
    numbers_.known_pages += frame.pages;
    frame.checksum = checksum_of(frame, pages);
    send_frame(channel, frame, std::as_bytes(std::span(&way.number, 1)), packing);
  } else {
    numbers_.zero_pages += frame.pages;
    send_frame(channel, frame, {}, packing);
  }
  // So many with hardly a byte to send: the link may have become idle.
  if (packing && frame.pages == most_pages) packing->interrupted(Clock::now());
}

void PageSource::send_content(Channel& channel, Frame frame, Bytes pages, Packing* packing) {
  (packing ? numbers_.bulk_pages : numbers_.fault_pages) += frame.pages;
  frame.checksum = checksum_of(frame, pages);
  thread_local std::vector<std::byte> packed;
  Bytes payload = pages;
  if (packing && packing->worth_it()) {
    const auto start = Clock::now();
    const auto smaller = pack(pages, packed);
    packing->compressed(pages.size(), smaller ? smaller->size() : pages.size(),
                        Clock::now() - start);
    if (smaller) {
      frame.kind = FrameKind::lz4;
      payload = *smaller;
    }
  }
  send_frame(channel, frame, payload, packing);
}

void PageSource::send_frame(Channel& channel, Frame frame, Bytes payload, Packing* packing) {
  frame.size = static_cast<uint32_t>(payload.size());
  const size_t bytes = sizeof frame + payload.size();
  numbers_.wire_bytes += bytes;
  const bool waited = channel.send(frame, payload);
  if (!packing) return;
  const bool held_back = keep_to_rate(bytes);
  packing->sent(bytes, waited || held_back, Clock::now());
}

}  // namespace wayferry
