// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <vector>

#include "pages/channel.h"
#include "pages/early_pages.h"
#include "pages/frozen_memory.h"
#include "pages/hot_pages.h"
#include "pages/intervals.h"
#include "pages/packing.h"
#include "pages/streams.h"

// The source's side: answers faults at once and, after the target has listed what it wants, pushes
// the rest without being asked page by page. Two threads, the caller's for the faults and one for
// the bulk, share only the set of what is still to be sent. Its own memory is a few buffers,
// whatever the size of the app.

namespace wayferry {

struct PageSourceNumbers {
  std::atomic<uint64_t> asked = 0;        ///< faults answered
  std::atomic<uint64_t> fault_pages = 0;  ///< sent on "faults", read-ahead included
  std::atomic<uint64_t> bulk_pages = 0;   ///< sent on "bulk", without zeros
  std::atomic<uint64_t> zero_pages = 0;
  std::atomic<uint64_t> known_pages = 0;  ///< that had gone ahead; on either
  std::atomic<uint64_t> wire_bytes = 0;   ///< on both, heads included
  std::atomic<uint64_t> left = 0;         ///< pages still to be sent
};

class PageSource {
 public:
  /// `lazy`: what may be asked for. `bytes_per_second`: of bulk data; 0 is no limit.
  PageSource(const FrozenMemory& memory, std::map<pid_t, std::vector<PageRange>> lazy,
             uint64_t bytes_per_second);

  /// Serves over one pair of connections. True: the target has everything. False: stopped. Throws
  /// ChannelLost, after which another pair can go on where this one ended. `cut` must break both
  /// connections: it is called before the bulk thread is waited for, which may hang in a write.
  bool serve(Channel& faults, Channel& bulk, const std::stop_token& stop,
             const std::function<void()>& cut);

  /// The app runs at the target. Up to then bulk carries only what is preferred or there already:
  /// the rest would be in the way of what the app waits for.
  void let_flow();
  /// Before serve(): these go first in bulk, in this order.
  void prefer(std::vector<HotPage> pages);
  /// Before serve(): what the target has already, as far as it is the same, in these places. It is
  /// named next, in their order, since that costs the link nothing. Whoever succeeds the target
  /// does not have it, so it counts for the first pair of connections only.
  void use_early(const EarlyPages& pages, const EarlyPlaces& places);

  const PageSourceNumbers& numbers() const { return numbers_; }

 private:
  void forget_early();
  bool serve_faults(Channel& faults, const std::stop_token& stop,
                    const std::function<void()>& start_bulk);
  void answer(Channel& faults, const Frame& ask);
  /// Takes a page that was asked for, and those to send along, out of what is to be sent.
  std::vector<PageRange> take_asked(pid_t process, uint64_t address);
  void want(const Frame& frame);
  void push_all(Channel& bulk, const std::stop_token& stop);
  /// The next pages to push, taken out of what is to be sent. Waits for let_flow() if there is
  /// nothing else.
  std::optional<std::pair<pid_t, PageRange>> take_next(const std::stop_token& stop);
  std::optional<std::pair<pid_t, PageRange>> take_from(pid_t process, uint64_t address);
  std::optional<std::pair<pid_t, PageRange>> take_preferred();
  std::optional<std::pair<pid_t, PageRange>> take_early();
  std::optional<std::pair<pid_t, PageRange>> take_streamed();
  /// How a page is sent: as zero, known (by this number) or raw.
  struct Way {
    FrameKind kind;
    PageNumber number = 0;
    /// Whether the page `after` further on can be in the same frame.
    bool goes_on(const Way& next, uint64_t after) const {
      return next.kind == kind && (kind != FrameKind::known || next.number == number + after);
    }
  };
  Way way_of(pid_t process, uint64_t address, Bytes page) const;
  void send_pages(Channel& channel, pid_t process, PageRange range, Packing* packing);
  void send_run(Channel& channel, Frame frame, Bytes pages, const Way& way, Packing* packing);
  void send_content(Channel& channel, Frame frame, Bytes pages, Packing* packing);
  void send_frame(Channel& channel, Frame frame, Bytes payload, Packing* packing);
  void require_lazy(const Frame& frame) const;
  /// Whether there is a limit, which has then been waited for.
  bool keep_to_rate(uint64_t bytes);

  const FrozenMemory& memory_;
  std::map<pid_t, Intervals> lazy_;
  uint64_t bytes_per_second_;
  const EarlyPages* early_ = nullptr;
  std::map<pid_t, Intervals> early_places_;
  bool served_ = false;
  std::chrono::steady_clock::time_point may_send_at_{};
  PageSourceNumbers numbers_;
  // What was sent on "faults" of this connection: it overtakes nothing there, so it is not sent
  // again.
  std::map<pid_t, Intervals> answered_;
  uint64_t last_asked_ = 0;
  std::mutex mutex_;  // for all below
  std::condition_variable_any flows_changed_;
  bool flows_ = false;
  std::deque<HotPage> preferred_;
  std::deque<EarlyPlace> early_unsent_;
  std::map<pid_t, Intervals> unsent_;
  Streams streams_;
};

}  // namespace wayferry
