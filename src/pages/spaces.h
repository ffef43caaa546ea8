// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <vector>

#include "pages/channel.h"
#include "pages/faults_first.h"
#include "pages/hot_pages.h"
#include "pages/ledger.h"
#include "pages/missing.h"
#include "pages/uffd.h"

// The address spaces that are being filled: those of the restored processes, and of what they fork
// meanwhile. Called by the thread of the faults and by that of the bulk data; one lock keeps the
// kernel's events and our filling in one order, because a page filled between an event's reading
// and its booking would land where it no longer belongs. All that a successor must know goes into a
// ledger. It knows no connection.

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
  uint64_t arrived = 0;    ///< pages of the source that are here, each once
  uint64_t faults = 0;     ///< times a process stood still for a page of the source
};

class Spaces {
 public:
  /// Called when a process stands still for a page of the source. Under the lock: must only send.
  using Ask = std::function<void(pid_t process, uint64_t at_source)>;
  /// Called with each userfaultfd before its process can touch anything: somebody else must hold it
  /// too, because when all are closed, missing pages read as zeros. Under the lock as well.
  using Keep = std::function<void(int uffd)>;
  Spaces(Ask ask, Keep keep) : ask_(std::move(ask)), keep_(std::move(keep)) {}

  /// A restore begins.
  void begin(Ledger ledger);
  void add(UniqueFd uffd, pid_t process);
  /// A predecessor has died: these are the descriptors it gave to keep, in that order. False: what
  /// it noted is not enough to go on.
  bool take_over(Ledger ledger, std::vector<UniqueFd> kept);
  /// For a keeper in the place of one that died.
  void keep_again(const Keep& keep);
  /// Descriptors to wait at, for handle_events().
  std::vector<int> descriptors() const;
  void handle_events(int descriptor);
  /// Fills what a frame brings, wherever it is missing; `pages` is empty for zeros. If nobody may
  /// be waiting for it, in pieces, between which those go first who are.
  void fill(const Frame& frame, Bytes pages, bool urgent);

  /// Whoever stands still goes on with zeros. Only for an app that never runs.
  void give_up();

  /// Asks again for all that processes stand still for: a new connection knows nothing of it.
  void ask_again();
  /// What is missing of each process, each page once.
  std::vector<std::pair<pid_t, PageRange>> missing() const;
  bool complete() const;
  SpacesNumbers numbers() const;
  /// Of all faults so far.
  FaultTimes fault_times() const;
  /// What processes stood still for, by their own addresses of now.
  std::vector<HotPage> hot_pages() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Space {
    uint64_t number;
    Uffd uffd;
    pid_t process;
    Missing missing;
    std::map<uint64_t, Clock::time_point> waiting;  // by the source's address
  };
  void read_events(Space& space);
  void handle(Space& space, const uffd_msg& event);
  void fault(Space& space, uint64_t now);
  void fork(const Space& parent, UniqueFd uffd);
  Space& push(UniqueFd uffd, pid_t process, Missing missing);
  void replay(const Ledger::Entry& entry, std::vector<UniqueFd>& kept);
  void remap(Space& space, uint64_t from, uint64_t to, uint64_t bytes);
  void drop(Space& space, uint64_t from, uint64_t to);
  void fill_piece(const Frame& frame, Bytes pages, bool urgent);
  /// False: events came first, look again.
  bool fill_space(Space& space, const Frame& frame, Bytes pages);
  void book(Space& space, const Missing::Piece& piece, bool zero);

  Ask ask_;
  Keep keep_;
  mutable FaultsFirst mutex_;  // for all below
  std::optional<Ledger> ledger_;
  std::list<Space> spaces_;  // a list: a fork adds one while another is looked at
  SpacesNumbers numbers_;
  FaultTimes fault_times_;
  std::vector<HotPage> hot_;
};

}  // namespace wayferry
