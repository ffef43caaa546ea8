// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <condition_variable>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "pages/channel.h"
#include "pages/early_pages.h"
#include "pages/spaces.h"
#include "pages/streams.h"

// (target) From frames to pages in place. What went ahead is only named, and the names come while
// CRIU still restores, as does a little content: they are kept, and as soon as the app runs their
// pages are put in place one run after the other; the first of them shortly before, so that it
// finds them. Before that only for whoever stands still for one, because all else would be in the
// way of the restore: at once, without a way over the link, and some pages after it, too, because
// most of them are wanted next. It knows no connection.

namespace wayferry {

class Placer {
 public:
  explicit Placer(Spaces& spaces) : spaces_(spaces) {}

  /// What went ahead of the app; it must live as long as this. Before the first frame.
  void use_early(const EarlyStore& early) { early_ = &early; }

  /// What a frame with pages brings. `urgent`: somebody stands still for it, so it is put in place
  /// now, whatever it is. Throws ProtocolError, or Failure of the kernel.
  void take(const Frame& frame, Bytes payload, bool urgent);

  /// All processes are there: content that comes from now on is put in place as it comes.
  void open() { open_ = true; }
  /// All is restored, and nothing to be done until the word comes that the app may run: so many
  /// pages of what was kept may be put in place.
  void begin_with(uint64_t pages);
  /// The app runs: what was kept is put in place.
  void begin();
  /// Puts the next run that was kept in place; waits for one. False: stopped.
  bool place_next(const std::stop_token& stop);
  /// Whether this page has been named.
  bool knows(pid_t process, uint64_t at_source);
  /// It alone first, then those after it (streams.h), as far as they have been named. For one
  /// thread only.
  void place_asked(pid_t process, uint64_t at_source);

 private:
  struct Run {
    Frame frame;
    PageNumber first = 0;                                     // of what is only named
    std::shared_ptr<const std::vector<std::byte>> content{};  // verified
    bool being_placed = false;
  };
  using Key = std::pair<pid_t, uint64_t>;

  void take_content(const Frame& frame, Bytes payload, bool urgent);
  static Key key_of(const Run& run);
  void keep(Run run);
  /// Under the lock: the run that has this page, or the end.
  std::list<Run>::iterator find(pid_t process, uint64_t at_source);
  /// The run that has this page is the next for place_next().
  void place_soon(pid_t process, uint64_t at_source);
  std::optional<Run> find_named(pid_t process, uint64_t at_source);
  /// A part of a run, whose pages these are.
  void place(const Run& run, Bytes pages, PageRange range, bool urgent);
  Bytes pages_of(const Run& run) const;
  PageNumber number_in(Bytes payload) const;

  Spaces& spaces_;
  Streams streams_;  // of who asks
  std::atomic<const EarlyStore*> early_ = nullptr;
  std::mutex mutex_;  // for all below; nothing of spaces_ is called under it
  std::condition_variable_any changed_;
  std::atomic<bool> open_ = false;
  bool begun_ = false;
  uint64_t before_begin_ = 0;  // pages that may be placed before
  uint64_t kept_content_ = 0;  // pages
  std::list<Run> runs_;        // in the order in which they will be placed
  std::map<Key, std::list<Run>::iterator> by_start_;
};

}  // namespace wayferry
