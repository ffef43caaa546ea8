// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "pages/app_pages.h"
#include "pages/intervals.h"
#include "pages/streams.h"

// (source) What is still to be sent, and what of it next. While the target still restores, a little
// of what is preferred goes, and names of pages that went ahead, which cost the link nothing; as
// many as the target can put in place before the app runs there. The rest waits until the target
// has said what it lacks; and what did not go ahead until the app runs, since it would be in the
// way of what the app waits for. It knows no connection and no content.

namespace wayferry {

class SendOrder {
 public:
  /// Pages of one process, taken out of what is to be sent.
  struct Piece {
    pid_t process = 0;
    PageRange range;
    bool only_names = false;  ///< what of it cannot be named is to be put back
  };

  explicit SendOrder(std::map<pid_t, Intervals> lazy);

  /// Before the first connection: these go before all but names, in this order.
  void prefer(const std::vector<AppPages>& pages);
  /// Before the first connection: where pages went ahead from, in the order in which they did. None
  /// for the connections after it, whose target may not have them.
  void use_early(const std::vector<AppPages>& places);
  /// The app runs at the target.
  void let_flow();

  /// A pair of connections begins; nothing is known to have arrived but what its list leaves out.
  void begin_connection();
  void want(pid_t process, PageRange range);
  void end_list();

  /// What may be sent now; nothing if there is nothing now.
  std::optional<Piece> take_next();
  /// After that: waits until there may be more. False: all is sent, or stopped.
  bool await_more(const std::stop_token& stop);
  /// These cannot be named.
  void put_back(pid_t process, PageRange range);
  /// These have been sent, so many of them with their content: a list that comes from now on may
  /// have been made without them.
  void sent(pid_t process, PageRange range, uint64_t content);
  /// A page is asked for: takes it, and those to send along after it.
  std::optional<PageRange> take_behind(pid_t process, uint64_t address);
  /// Pages.
  uint64_t left() const;

 private:
  std::optional<Piece> take_first(std::deque<AppPages>& places);
  std::optional<Piece> take_preferred();
  std::optional<Piece> take_name();
  std::optional<Piece> take_from(pid_t process, uint64_t address);
  std::optional<Piece> take_streamed();

  mutable std::mutex mutex_;  // for all below
  std::condition_variable_any changed_;
  bool connected_before_ = false;
  struct Allowed {
    bool listed = false;  // the target has said what it lacks
    bool flows = false;
    bool operator==(const Allowed&) const = default;
  };
  Allowed allowed_;
  Allowed seen_;  // by take_next()
  std::deque<AppPages> preferred_;
  std::deque<AppPages> to_name_;
  std::deque<AppPages> early_;
  std::map<pid_t, Intervals> unsent_;
  uint64_t early_content_ = 0;  // pages that were sent before a list
  uint64_t early_names_ = 0;    // and taken
  // Of this connection.
  std::map<pid_t, Intervals> wanted_;
  std::map<pid_t, Intervals> sent_;  // before its list
  Streams streams_;
};

}  // namespace wayferry
