// SPDX-License-Identifier: MIT
#include "move/ahead.h"

#include <thread>

#include "criu/pagemap.h"
#include "move/running_memory.h"
#include "pages/hot_pages.h"

namespace wayferry {
namespace {

using Clock = std::chrono::steady_clock;

// 1 MB: below what the freeze itself takes.
constexpr uint64_t little = 256;
constexpr int most_rounds = 8;

// Of a wait for a rate: as exact as a rate needs to be.
constexpr std::chrono::milliseconds nap{10};

class Ahead {
 public:
  Ahead(Outgoing& out, const AheadLimits& limits, const std::function<void()>& between)
      : out_(out), limits_(limits), between_(between), end_(Clock::now() + limits.time) {}

  SentAhead run(const std::map<pid_t, pid_t>& processes) {
    uint64_t before = 0;
    for (; round_ < most_rounds; ++round_) {
      news_ = 0;
      changed_.clear();
      const bool all = look(processes);
      ahead_.changed.insert(ahead_.changed.begin(), changed_.begin(), changed_.end());
      if (!all && round_ == 0 && Clock::now() >= end_)
        give_up_the_rest();
      else if (!all || news_ < little || (round_ > 0 && news_ > before / 2))
        break;
      before = news_;
    }
    return std::move(ahead_);
  }

 private:
  /// False: a limit is reached.
  bool look(const std::map<pid_t, pid_t>& processes) {
    const auto show = [this](pid_t inner, uint64_t address, Bytes piece) {
      return send(inner, address, piece);
    };
    return gave_up_ ? for_each_piece_of(processes, ahead_.places, show)
                    : for_each_private_piece(processes, show);
  }

  /// False: a limit is reached.
  bool send(pid_t inner, uint64_t address, Bytes piece) {
    const bool again = round_ > 0;
    between_();
    if (!again)
      ahead_.places.push_back(
          {.process = inner, .range = {.start = address, .pages = piece.size() / page_size}});
    sent_ += out_.early(piece, [&](uint64_t page) {
      ++news_;
      if (again)
        changed_.push_back({.process = inner,
                            .range = {.start = address + page * page_size, .pages = hot_window}});
    });
    keep_to_rate();
    return sent_ < limits_.bytes && Clock::now() < end_;
  }

  // What has changed of what was sent is looked for all the same: the app will want it first.
  void give_up_the_rest() {
    gave_up_ = true;
    end_ = Clock::now() + limits_.time / 2;
  }

  void keep_to_rate() {
    if (limits_.bytes_per_second == 0) return;
    const std::chrono::duration<double> due(static_cast<double>(sent_) /
                                            static_cast<double>(limits_.bytes_per_second));
    const auto still = [&] { return Clock::now() < end_ && Clock::now() - start_ < due; };
    for (; still(); between_()) std::this_thread::sleep_for(nap);
  }

  Outgoing& out_;
  const AheadLimits& limits_;
  const std::function<void()>& between_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point end_;
  int round_ = 0;
  bool gave_up_ = false;
  uint64_t sent_ = 0;              // bytes
  uint64_t news_ = 0;              // pages of this round
  std::vector<AppPages> changed_;  // of this round, but the first
  SentAhead ahead_;
};

}  // namespace

SentAhead send_ahead(Outgoing& out, const std::map<pid_t, pid_t>& processes,
                     const AheadLimits& limits, const std::function<void()>& between) {
  if (limits.time <= std::chrono::milliseconds(0) || limits.bytes == 0) return {};
  return Ahead(out, limits, between).run(processes);
}

}  // namespace wayferry
