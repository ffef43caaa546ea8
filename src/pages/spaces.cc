// SPDX-License-Identifier: MIT
#include "pages/spaces.h"

#include <algorithm>
#include <thread>

namespace wayferry {
namespace {

constexpr size_t most_times = 1'000'000;

// The kernel lets nobody fill until the process whose event we read has woken up: some µs.
constexpr std::chrono::microseconds after_event{50};

// Pages filled before a fault may go first: some 20 us.
constexpr uint32_t most_at_once = 16;

}  // namespace

void FaultTimes::add(std::chrono::steady_clock::duration took) {
  ++count_;
  if (micros_.size() < most_times)
    micros_.push_back(std::chrono::duration<float, std::micro>(took).count());
}

double FaultTimes::percentile(double of_one) const {
  if (micros_.empty()) return 0;
  std::vector<float> sorted = micros_;
  const auto at = static_cast<ptrdiff_t>(of_one * static_cast<double>(sorted.size() - 1));
  std::nth_element(sorted.begin(), sorted.begin() + at, sorted.end());
  return static_cast<double>(sorted[static_cast<size_t>(at)]);
}

void Spaces::begin(Ledger ledger) {
  const auto lock = mutex_.urgent();
  ledger_.emplace(std::move(ledger));
}

Spaces::Space& Spaces::push(UniqueFd uffd, pid_t process, Missing missing) {
  const uint64_t number = spaces_.size();
  return spaces_.emplace_back(Space{.number = number,
                                    .uffd = Uffd(std::move(uffd)),
                                    .process = process,
                                    .missing = std::move(missing),
                                    .waiting = {}});
}

void Spaces::add(UniqueFd uffd, pid_t process) {
  const auto lock = mutex_.urgent();
  CHECK(ledger_);
  const auto lazy = ledger_->lazy().find(process);
  const auto none = std::vector<PageRange>();
  ledger_->begin_reading();
  keep_(uffd.get());
  const Space& space =
      push(std::move(uffd), process, Missing(lazy == ledger_->lazy().end() ? none : lazy->second));
  ledger_->note(
      {.what = Ledger::What::added, .space = space.number, .a = static_cast<uint64_t>(process)});
  ledger_->end_reading();
}

bool Spaces::take_over(Ledger ledger, std::vector<UniqueFd> kept) {
  const auto lock = mutex_.urgent();
  ledger_.emplace(std::move(ledger));
  if (ledger_->torn()) return false;
  const auto appears = [](const Ledger::Entry& entry) {
    return entry.what == Ledger::What::added || entry.what == Ledger::What::forked;
  };
  const auto count = std::ranges::count_if(ledger_->entries(), appears);
  if (static_cast<size_t>(count) != kept.size()) return false;
  for (const Ledger::Entry& entry : ledger_->entries()) replay(entry, kept);
  for (Space& space : spaces_) {
    for (const PageRange& range : ledger_->arrived(space.process))
      for (const Missing::Piece& piece : space.missing.pieces(range))
        space.missing.remove(piece.now, piece.pages);
    space.uffd.wake_all();  // nobody alive knows what they stand still for: they say it again
  }
  return true;
}

void Spaces::keep_again(const Keep& keep) {
  const auto lock = mutex_.urgent();
  keep_ = keep;
  for (const Space& space : spaces_) keep_(space.uffd.fd());
}

void Spaces::replay(const Ledger::Entry& entry, std::vector<UniqueFd>& kept) {
  const auto number = [&](uint64_t wanted) -> Space& {
    CHECK(wanted < spaces_.size());
    return *std::next(spaces_.begin(), static_cast<ptrdiff_t>(wanted));
  };
  switch (entry.what) {
    case Ledger::What::added: {
      const auto process = static_cast<pid_t>(entry.a);
      const auto lazy = ledger_->lazy().find(process);
      push(std::move(kept[entry.space]), process,
           Missing(lazy == ledger_->lazy().end() ? std::vector<PageRange>() : lazy->second));
      return;
    }
    case Ledger::What::forked: {
      const Space& parent = number(entry.a);
      push(std::move(kept[entry.space]), parent.process, parent.missing);
      return;
    }
    case Ledger::What::remapped:
      return number(entry.space).missing.remap(entry.a, entry.b, entry.c);
    case Ledger::What::dropped:
      return number(entry.space).missing.remove(entry.a, (entry.b - entry.a) / page_size);
  }
}

std::vector<int> Spaces::descriptors() const {
  const auto lock = mutex_.urgent();
  std::vector<int> descriptors;
  for (const Space& space : spaces_) descriptors.push_back(space.uffd.fd());
  return descriptors;
}

void Spaces::handle_events(int descriptor) {
  const auto lock = mutex_.urgent();
  for (Space& space : spaces_)
    if (space.uffd.fd() == descriptor) return read_events(space);
}

void Spaces::read_events(Space& space) {
  ledger_->begin_reading();
  const std::vector<uffd_msg> events = space.uffd.events();
  // A fault that nobody handles is said again when it is woken; everything else is said once.
  const auto is_fault = [](const uffd_msg& event) { return event.event == UFFD_EVENT_PAGEFAULT; };
  if (std::ranges::all_of(events, is_fault)) ledger_->end_reading();
  for (const uffd_msg& event : events) handle(space, event);
  ledger_->end_reading();
}

void Spaces::handle(Space& space, const uffd_msg& event) {
  switch (event.event) {
    case UFFD_EVENT_PAGEFAULT:
      return fault(space, event.arg.pagefault.address / page_size * page_size);
    case UFFD_EVENT_FORK:
      return fork(space, UniqueFd(static_cast<int>(event.arg.fork.ufd)));
    case UFFD_EVENT_REMAP:
      return remap(space, event.arg.remap.from, event.arg.remap.to, event.arg.remap.len);
    case UFFD_EVENT_REMOVE:
    case UFFD_EVENT_UNMAP:
      return drop(space, event.arg.remove.start, event.arg.remove.end);
    default:
      throw SystemError(EPROTO, "userfaultfd", "event " + std::to_string(event.event));
  }
}

void Spaces::fault(Space& space, uint64_t now) {
  if (const auto at_source = space.missing.find(now)) {
    if (!space.waiting.emplace(*at_source, Clock::now()).second) return;  // another thread's too
    if (hot_.size() < most_hot_pages) hot_.push_back({.process = space.process, .address = now});
    return ask_(space.process, *at_source);
  }
  // Never had content, or was given back: zeros. Or it has been filled since: then it stays.
  ++numbers_.untouched;
  // While another thread's change of the mappings is under way, nothing can be filled: try again.
  if (space.uffd.fill(now, 1, {}) == Uffd::Outcome::events_waiting) space.uffd.wake(now);
}

void Spaces::fork(const Space& parent, UniqueFd uffd) {
  // What was filled in the parent before the fork the child has too; the kernel lets nobody fill
  // between the fork and our reading of this event.
  keep_(uffd.get());
  const Space& child = push(std::move(uffd), parent.process, parent.missing);
  ledger_->note({.what = Ledger::What::forked, .space = child.number, .a = parent.number});
}

void Spaces::remap(Space& space, uint64_t from, uint64_t to, uint64_t bytes) {
  // Where nothing is missing nothing changes for a successor either: what has arrived it drops, by
  // the source's address, wherever it believes it to be.
  if (!space.missing.any(from, bytes) && !space.missing.any(to, bytes)) return;
  ledger_->note(
      {.what = Ledger::What::remapped, .space = space.number, .a = from, .b = to, .c = bytes});
  space.missing.remap(from, to, bytes);
}

void Spaces::drop(Space& space, uint64_t from, uint64_t to) {
  // Who stands still there will not get it from the source any more.
  std::erase_if(space.waiting, [&](const auto& waiting) {
    for (const Missing::Piece& piece : space.missing.pieces({.start = waiting.first, .pages = 1})) {
      if (piece.now < from || piece.now >= to) return false;
      space.uffd.wake(piece.now);
    }
    return true;
  });
  if (!space.missing.any(from, to - from)) return;
  const uint64_t before = space.missing.pages();
  ledger_->note({.what = Ledger::What::dropped, .space = space.number, .a = from, .b = to});
  space.missing.remove(from, (to - from) / page_size);
  numbers_.dropped += before - space.missing.pages();
}

void Spaces::book(Space& space, const Missing::Piece& piece, bool zero) {
  space.missing.remove(piece.now, piece.pages);
  numbers_.filled += piece.pages;
  if (zero) numbers_.zeros += piece.pages;
  const auto first = space.waiting.lower_bound(piece.at_source);
  const auto last = space.waiting.lower_bound(piece.at_source + piece.pages * page_size);
  for (auto at = first; at != last; ++at) fault_times_.add(Clock::now() - at->second);
  space.waiting.erase(first, last);
}

bool Spaces::fill_space(Space& space, const Frame& frame, Bytes pages) {
  const bool zero = pages.empty();
  for (const Missing::Piece& piece :
       space.missing.pieces({.start = frame.address, .pages = frame.pages})) {
    const Bytes part = zero ? pages : pages.subspan(piece.at_source - frame.address);
    const auto outcome = space.uffd.fill(piece.now, piece.pages, part);
    if (outcome == Uffd::Outcome::events_waiting) {
      read_events(space);
      return false;
    }
    if (outcome == Uffd::Outcome::process_gone) {
      drop(space, 0, UINT64_MAX / page_size * page_size);
      space.waiting.clear();
      return true;
    }
    book(space, piece, zero);
  }
  return true;
}

void Spaces::fill(const Frame& frame, Bytes pages, bool urgent) {
  if (urgent) return fill_piece(frame, pages, urgent);
  for (uint32_t done = 0; done < frame.pages; done += most_at_once) {
    Frame piece = frame;
    piece.address += done * page_size;
    piece.pages = std::min(frame.pages - done, most_at_once);
    fill_piece(piece,
               pages.empty() ? pages : pages.subspan(done * page_size, piece.pages * page_size),
               urgent);
  }
}

void Spaces::fill_piece(const Frame& frame, Bytes pages, bool urgent) {
  while (true) {
    bool all = true;
    {
      const auto lock = urgent ? mutex_.urgent() : mutex_.patient();
      for (Space& space : spaces_)
        if (space.process == static_cast<pid_t>(frame.process))
          all = fill_space(space, frame, pages) && all;
      if (all && ledger_)
        ledger_->arrived(static_cast<pid_t>(frame.process),
                         {.start = frame.address, .pages = frame.pages});
    }
    if (all) return;
    std::this_thread::sleep_for(after_event);
  }
}

void Spaces::give_up() {
  const auto lock = mutex_.urgent();
  for (Space& space : spaces_) {
    for (const PageRange& range : space.missing.all())
      for (const Missing::Piece& piece : space.missing.pieces(range))
        space.uffd.let_go(piece.now, piece.pages * page_size);
    space.missing = Missing(std::vector<PageRange>());
    space.waiting.clear();
  }
}

void Spaces::ask_again() {
  const auto lock = mutex_.urgent();
  for (Space& space : spaces_)
    for (const auto& [at_source, since] : space.waiting) ask_(space.process, at_source);
}

std::vector<std::pair<pid_t, PageRange>> Spaces::missing() const {
  const auto lock = mutex_.urgent();
  std::vector<std::pair<pid_t, PageRange>> all;
  for (const Space& space : spaces_)
    for (const PageRange& range : space.missing.all()) all.emplace_back(space.process, range);
  return all;
}

bool Spaces::complete() const {
  const auto lock = mutex_.urgent();
  return std::ranges::all_of(spaces_, [](const Space& space) { return space.missing.empty(); });
}

SpacesNumbers Spaces::numbers() const {
  const auto lock = mutex_.urgent();
  SpacesNumbers numbers = numbers_;
  for (const Space& space : spaces_) numbers.missing += space.missing.pages();
  numbers.faults = fault_times_.count();
  if (ledger_) numbers.arrived = ledger_->arrived_pages();
  return numbers;
}

std::vector<HotPage> Spaces::hot_pages() const {
  const auto lock = mutex_.urgent();
  return hot_;
}

FaultTimes Spaces::fault_times() const {
  const auto lock = mutex_.urgent();
  return fault_times_;
}

}  // namespace wayferry
