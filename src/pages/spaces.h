// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <vector>

#include "pages/channel.h"
#include "pages/missing.h"
#include "pages/uffd.h"

// The address spaces that are being filled: those of the restored processes, and of what they fork
// meanwhile. Called by the thread of the faults and by that of the bulk data; one lock keeps the
// kernel's events and our filling in one order, because a page filled between an event's reading
// and its booking would land where it no longer belongs. It knows no connection.

namespace wayferry {

/// Microseconds from a fault's reading to its filling; the first million of them.
class FaultTimes {
 public:
  void add(std::chrono::steady_clock::duration took);
  uint64_t count() const { return count_; }
  /// 0.5 is the median. 0 if there were none.
  double percentile(double of_one) const;

 private:
  uint64_t count_ = 0;
  std::vector<float> micros_;
};

struct SpacesNumbers {
  uint64_t missing = 0;  ///< pages, of all processes
  uint64_t filled = 0;
  uint64_t zeros = 0;      ///< of these
  uint64_t dropped = 0;    ///< missing pages that the app gave back before they came
  uint64_t untouched = 0;  ///< faults on memory that never had any content
  FaultTimes faults;
};

class Spaces {
 public:
  /// Called when a process stands still for a page of the source. Under the lock: must only send.
  using Ask = std::function<void(pid_t process, uint64_t at_source)>;
  explicit Spaces(Ask ask) : ask_(std::move(ask)) {}

  void add(UniqueFd uffd, pid_t process, const std::vector<PageRange>& missing);
  /// Descriptors to wait at, for handle_events().
  std::vector<int> descriptors() const;
  void handle_events(int descriptor);
  /// Fills what a frame brings, wherever it is missing; `pages` is empty for zeros.
  void fill(const Frame& frame, Bytes pages);

  /// Closes all: whoever stands still goes on with zeros. Only for an app that never runs.
  void give_up();

  /// Asks again for all that processes stand still for: a new connection knows nothing of it.
  void ask_again();
  /// What is missing of each process, each page once.
  std::vector<std::pair<pid_t, PageRange>> missing() const;
  bool complete() const;
  SpacesNumbers numbers() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Space {
    Uffd uffd;
    pid_t process;
    Missing missing;
    std::map<uint64_t, Clock::time_point> waiting;  // by the source's address
  };
  void read_events(Space& space);
  void handle(Space& space, const uffd_msg& event);
  void fault(Space& space, uint64_t now);
  void fork(const Space& parent, UniqueFd uffd);
  void drop(Space& space, uint64_t from, uint64_t to);
  /// False: events came first, look again.
  bool fill_space(Space& space, const Frame& frame, Bytes pages);
  void book(Space& space, const Missing::Piece& piece, bool zero);

  Ask ask_;
  mutable std::mutex mutex_;  // for all below
  std::list<Space> spaces_;   // a list: a fork adds one while another is looked at
  SpacesNumbers numbers_;
};

}  // namespace wayferry
