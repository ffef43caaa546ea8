// SPDX-License-Identifier: MIT
#include "pages/spaces.h"

#include <algorithm>
#include <thread>

namespace wayferry {
namespace {

constexpr size_t most_times = 1'000'000;

// The kernel lets nobody fill until the process whose event we read has woken up: some µs.
constexpr std::chrono::microseconds after_event{50};

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

void Spaces::add(UniqueFd uffd, pid_t process, const std::vector<PageRange>& missing) {
  const std::lock_guard lock(mutex_);
  spaces_.push_back({.uffd = Uffd(std::move(uffd)),
                     .process = process,
                     .missing = Missing(missing),
                     .waiting = {}});
}

std::vector<int> Spaces::descriptors() const {
  const std::lock_guard lock(mutex_);
  std::vector<int> descriptors;
  for (const Space& space : spaces_) descriptors.push_back(space.uffd.fd());
  return descriptors;
}

void Spaces::handle_events(int descriptor) {
  const std::lock_guard lock(mutex_);
  for (Space& space : spaces_)
    if (space.uffd.fd() == descriptor) return read_events(space);
}

void Spaces::read_events(Space& space) {
  for (const uffd_msg& event : space.uffd.events()) handle(space, event);
}

void Spaces::handle(Space& space, const uffd_msg& event) {
  switch (event.event) {
    case UFFD_EVENT_PAGEFAULT:
      return fault(space, event.arg.pagefault.address / page_size * page_size);
    case UFFD_EVENT_FORK:
      return fork(space, UniqueFd(static_cast<int>(event.arg.fork.ufd)));
    case UFFD_EVENT_REMAP:
      return space.missing.remap(event.arg.remap.from, event.arg.remap.to, event.arg.remap.len);
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
  spaces_.push_back({.uffd = Uffd(std::move(uffd)),
                     .process = parent.process,
                     .missing = parent.missing,
                     .waiting = {}});
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
  const uint64_t before = space.missing.pages();
  space.missing.remove(from, (to - from) / page_size);
  numbers_.dropped += before - space.missing.pages();
}

void Spaces::book(Space& space, const Missing::Piece& piece, bool zero) {
  space.missing.remove(piece.now, piece.pages);
  numbers_.filled += piece.pages;
  if (zero) numbers_.zeros += piece.pages;
  const auto first = space.waiting.lower_bound(piece.at_source);
  const auto last = space.waiting.lower_bound(piece.at_source + piece.pages * page_size);
  for (auto at = first; at != last; ++at) numbers_.faults.add(Clock::now() - at->second);
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

void Spaces::fill(const Frame& frame, Bytes pages) {
  while (true) {
    bool all = true;
    {
      const std::lock_guard lock(mutex_);
      for (Space& space : spaces_)
        if (space.process == static_cast<pid_t>(frame.process))
          all = fill_space(space, frame, pages) && all;
    }
    if (all) return;
    std::this_thread::sleep_for(after_event);
  }
}

void Spaces::give_up() {
  const std::lock_guard lock(mutex_);
  spaces_.clear();
}

void Spaces::ask_again() {
  const std::lock_guard lock(mutex_);
  for (Space& space : spaces_)
    for (const auto& [at_source, since] : space.waiting) ask_(space.process, at_source);
}

std::vector<std::pair<pid_t, PageRange>> Spaces::missing() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<pid_t, PageRange>> all;
  for (const Space& space : spaces_)
    for (const PageRange& range : space.missing.all()) all.emplace_back(space.process, range);
  return all;
}

bool Spaces::complete() const {
  const std::lock_guard lock(mutex_);
  return std::ranges::all_of(spaces_, [](const Space& space) { return space.missing.empty(); });
}

SpacesNumbers Spaces::numbers() const {
  const std::lock_guard lock(mutex_);
  SpacesNumbers numbers = numbers_;
  for (const Space& space : spaces_) numbers.missing += space.missing.pages();
  return numbers;
}

}  // namespace wayferry
