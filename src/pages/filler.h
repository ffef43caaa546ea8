// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <condition_variable>
#include <thread>

#include "pages/criu_door.h"
#include "pages/page_door.h"
#include "pages/placer.h"
#include "pages/spaces.h"

// The target's side: takes the userfaultfds from CRIU's restore and the page connections from the
// source, and fills, faults first. Three threads: one for everything that waits (events, faults,
// doors), one that takes what comes in bulk, one that puts in place what is here and was named.
// Connections may break and be replaced; the app then waits, and nothing is lost. It does not know
// who the app is, nor how connections are made.
//
// Whoever closes a userfaultfd turns all missing pages into zeros. So a Filler must not end before
// its app has ended or has all its pages, and somebody else must hold the descriptors too, in case
// it is killed: what `keep` is given, in its order, and the ledger are what a successor goes on
// with.

namespace wayferry {

class Filler {
 public:
  struct Places {
    Path images;  ///< complete before the restore starts
    Path work;    ///< CRIU's work folder of the restore
    Path door;    ///< socket for the page connections
    Path ledger;  ///< file
  };
  /// `grace`: how long a broken connection may stay away once the drain has begun.
  Filler(const Places& places, std::chrono::milliseconds grace, Spaces::Keep keep);
  /// Goes on with the drain of a filler that died. Throws Failure if what it left is not enough.
  Filler(const Places& places, std::chrono::milliseconds grace, Spaces::Keep keep,
         std::vector<UniqueFd> kept);
  ~Filler();

  /// What went ahead of the app; it must live as long as this. Before the first connection's first
  /// page.
  void use_early(const EarlyStore& early) { placer_.use_early(early); }
  /// All is restored, and the app must still wait: so many pages that it will want first are put in
  /// place, as far as they are here.
  void place_first(uint64_t pages) { placer_.begin_with(pages); }
  /// All is restored and the app is ours: from now on a loss is a loss.
  void drain();
  /// Waits until nothing is missing (true), or `limit` has passed. A Failure says what was lost.
  bool wait_drained(std::chrono::milliseconds limit);
  /// Then: until the source has heard of it (true), which may take a new connection.
  bool wait_acknowledged(std::chrono::milliseconds limit);
  /// Gives all its descriptors to another keeper, and later ones too.
  void keep_again(const Spaces::Keep& keep) { spaces_.keep_again(keep); }

  /// Whether the source is there now.
  bool connected() const { return connected_; }
  SpacesNumbers numbers() const { return spaces_.numbers(); }
  std::vector<HotPage> hot_pages() const { return spaces_.hot_pages(); }
  FaultTimes fault_times() const { return spaces_.fault_times(); }

 private:
  using Clock = std::chrono::steady_clock;
  void begin();
  void run(const std::stop_token& stop);
  void let_restore_end(const std::stop_token& stop);
  void wait_and_handle();
  void handle_criu();
  void handle_visitor();
  void handle_faults();
  void look_after_connection();
  void lose(const std::string& why);
  void drop_bulk();
  void take_bulk(Channel& bulk, const std::stop_token& stop);
  void take_named(const std::stop_token& stop);
  void take(const Frame& frame, Bytes payload);
  void ask(pid_t process, uint64_t at_source);
  void place_asked();
  /// Of one of the threads that fill: more is there now.
  void filled();
  void fail(std::exception_ptr error);
  void send_list();
  void settle();

  Places places_;
  std::chrono::milliseconds grace_;
  Spaces spaces_;
  Placer placer_{spaces_};
  std::optional<CriuDoor> criu_;
  PageDoor door_;
  UniqueFd wake_;
  std::unique_ptr<Visitor> faults_;
  std::unique_ptr<Visitor> bulk_;
  std::jthread bulk_thread_;
  std::mutex asking_;  // for faults_, through which all threads may ask, and the next
  std::vector<std::pair<pid_t, uint64_t>> asked_here_;  // of what has been named
  Clock::time_point heard_{};
  Clock::time_point ticked_{};
  Clock::time_point lost_{};
  bool listed_ = false;
  bool told_ = false;
  std::atomic<bool> connected_ = false;
  std::atomic<bool> draining_ = false;
  std::atomic<bool> bulk_broke_ = false;
  std::mutex outcome_;  // for the next three
  std::condition_variable changed_;
  bool drained_ = false;
  bool acknowledged_ = false;
  std::exception_ptr error_;
  std::jthread placing_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace wayferry
