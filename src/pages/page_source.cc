// SPDX-License-Identifier: MIT
#include "pages/page_source.h"

#include <sys/eventfd.h>

#include <array>
#include <thread>

#include "util/priority.h"

namespace wayferry {
namespace {

using Clock = std::chrono::steady_clock;

std::map<pid_t, Intervals> as_intervals(const std::map<pid_t, std::vector<PageRange>>& ranges) {
  std::map<pid_t, Intervals> all;
  for (const auto& [process, of_process] : ranges)
    for (const PageRange& range : of_process) all[process].add(range);
  return all;
}

}  // namespace

PageSource::PageSource(const FrozenMemory& memory, std::map<pid_t, std::vector<PageRange>> lazy,
                       uint64_t bytes_per_second)
    : memory_(memory),
      lazy_(as_intervals(lazy)),
      bytes_per_second_(bytes_per_second),
      order_(lazy_) {
  numbers_.left = order_.left();
}

bool PageSource::serve(Channel& faults, Channel& bulk, const std::stop_token& stop,
                       const std::function<void()>& cut) {
  if (std::exchange(served_, true)) early_ = nullptr;
  order_.begin_connection();
  answered_.clear();  // by a connection that is gone: who knows what of it arrived
  behind_.clear();
  std::exception_ptr error;
  std::jthread pusher([&](const std::stop_token& own) {
    try {
      push_all(bulk, own);
    } catch (...) {
      error = std::current_exception();
      cut();  // so that the other thread ends too
    }
  });
  bool drained = false;
  try {
    drained = serve_faults(faults, stop);
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

bool PageSource::serve_faults(Channel& faults, const std::stop_token& stop) {
  // A signal of its own for the stop: without it a stop would be seen at the next tick.
  const UniqueFd wake(check("eventfd", ::eventfd(0, EFD_CLOEXEC)));
  const std::stop_callback waker(stop, [&] { ::eventfd_write(wake.get(), 1); });
  std::vector<std::byte> payload;
  auto heard = Clock::now();
  auto ticked = heard;
  while (!stop.stop_requested()) {
    const auto limit = behind_.wait(Clock::now()).value_or(tick_pause);
    const auto frame = faults.receive(payload, limit, wake.get());
    const auto now = Clock::now();
    if (now - ticked >= tick_pause) faults.send({.kind = FrameKind::tick});
    if (now - ticked >= tick_pause) ticked = now;
    if (!frame && now - heard > channel_silence)
      throw ChannelLost("no sign of the other side for 4 s");
    if (frame) {
      heard = now;
      if (!hear(faults, *frame)) return true;
    }
    if (const auto piece = behind_.take(now)) send_answer(faults, piece->process, piece->range);
  }
  return false;
}

bool PageSource::hear(Channel& faults, const Frame& frame) {
  if (frame.kind == FrameKind::drained) {
    faults.send(frame);  // so that it knows we know
    return false;
  }
  if (frame.kind == FrameKind::ask) answer(faults, frame);
  if (frame.kind == FrameKind::want) want(frame);
  if (frame.kind == FrameKind::want_end) order_.end_list();
  return true;
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
  order_.want(static_cast<pid_t>(frame.process), {.start = frame.address, .pages = frame.pages});
}

void PageSource::answer(Channel& faults, const Frame& ask) {
  require_lazy(ask);
  const auto process = static_cast<pid_t>(ask.process);
  ++numbers_.asked;
  const bool sent = answered_[process].contains(ask.address);
  // Asked again only because a connection is new: it is on its way, and nobody reads on.
  if (sent && ask.address == last_asked_) return;
  last_asked_ = ask.address;
  // The page alone: a frame is put in place when all of it is there. One that bulk has sent is sent
  // again: it may be far back in a long queue.
  if (!sent) send_answer(faults, process, {.start = ask.address, .pages = 1});
  if (const auto more = order_.take_behind(process, ask.address))
    behind_.add({.process = process, .range = *more}, Clock::now());
}

void PageSource::send_answer(Channel& faults, pid_t process, PageRange range) {
  send_pages(faults, process, range, nullptr);
  answered_[process].add(range);
}

void PageSource::prefer(const std::vector<AppPages>& pages) {
  order_.prefer(pages);
}

void PageSource::use_early(const EarlyPages& pages, const std::vector<AppPages>& places) {
  early_ = &pages;
  for (const auto& [process, range] : places) early_places_[process].add(range);
  order_.use_early(places);
}

void PageSource::let_flow() {
  order_.let_flow();
}

void PageSource::push_all(Channel& bulk, const std::stop_token& stop) {
  let_others_first();
  Packing packing;
  while (!stop.stop_requested()) {
    const auto next = order_.take_next();
    numbers_.left = order_.left();
    if (!next) {
      bulk.flush();
      if (!order_.await_more(stop)) return;
    } else if (next->only_names)
      push_names(bulk, *next);
    else
      push(bulk, *next, packing);
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

std::vector<PageSource::Run> PageSource::read_runs(pid_t process, PageRange range) const {
  // Not a member: two threads are here. Not a new one each time: that is zeroed.
  thread_local std::array<std::byte, longest_run> buffer;
  const auto memory = std::span(buffer).first(range.pages * page_size);
  memory_.read_or_zeros(process, range.start, memory);
  const auto pages = [&](uint64_t from, uint64_t to) {
    return Bytes(memory).subspan(from * page_size, (to - from) * page_size);
  };
  const auto way = [&](uint64_t i) {
    return way_of(process, range.start + i * page_size, pages(i, i + 1));
  };
  std::vector<Run> runs;
  Way next = way(0);
  for (uint64_t from = 0, to = 0; from < range.pages; from = to) {
    const Way run = next;
    for (to = from + 1; to < range.pages; ++to)
      if (next = way(to); !run.goes_on(next, to - from)) break;
    const Frame frame{.kind = run.kind,
                      .process = static_cast<uint32_t>(process),
                      .address = range.start + from * page_size,
                      .pages = static_cast<uint32_t>(to - from)};
    runs.push_back({.frame = frame, .way = run, .pages = pages(from, to)});
  }
  return runs;
}

void PageSource::send_pages(Channel& channel, pid_t process, PageRange range, Packing* packing) {
  for (const Run& run : read_runs(process, range)) send_run(channel, run, packing);
}

void PageSource::push(Channel& bulk, const SendOrder::Piece& piece, Packing& packing) {
  const uint64_t before = numbers_.bulk_pages;
  send_pages(bulk, piece.process, piece.range, &packing);
  order_.sent(piece.process, piece.range, numbers_.bulk_pages - before);
}

void PageSource::push_names(Channel& bulk, const SendOrder::Piece& piece) {
  for (const Run& run : read_runs(piece.process, piece.range)) {
    const PageRange pages{.start = run.frame.address, .pages = run.frame.pages};
    if (run.way.kind == FrameKind::raw) {
      order_.put_back(piece.process, pages);
      continue;
    }
    Frame frame = run.frame;
    const Bytes name = name_of(run, frame);
    const size_t bytes = booked(frame, name);
    bulk.gather(frame, name);
    keep_to_rate(bytes);
    order_.sent(piece.process, pages, 0);
  }
}

Bytes PageSource::name_of(const Run& run, Frame& frame) {
  if (run.way.kind == FrameKind::zero) {
    numbers_.zero_pages += frame.pages;
    return {};
  }
  numbers_.known_pages += frame.pages;
  frame.checksum = checksum_of(frame, run.pages);
  return std::as_bytes(std::span(&run.way.number, 1));
}

void PageSource::send_run(Channel& channel, const Run& run, Packing* packing) {
  Frame frame = run.frame;
  if (run.way.kind == FrameKind::raw) return send_content(channel, frame, run.pages, packing);
  const Bytes name = name_of(run, frame);
  send_frame(channel, frame, name, packing);
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

size_t PageSource::booked(Frame& frame, Bytes payload) {
  frame.size = static_cast<uint32_t>(payload.size());
  const size_t bytes = sizeof frame + payload.size();
  numbers_.wire_bytes += bytes;
  return bytes;
}

void PageSource::send_frame(Channel& channel, Frame frame, Bytes payload, Packing* packing) {
  const size_t bytes = booked(frame, payload);
  const bool waited = channel.send(frame, payload);
  if (!packing) return;
  const bool held_back = keep_to_rate(bytes);
  packing->sent(bytes, waited || held_back, Clock::now());
}

}  // namespace wayferry
