// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <stop_token>
#include <vector>

#include "pages/channel.h"
#include "pages/early_pages.h"
#include "pages/frozen_memory.h"
#include "pages/packing.h"
#include "pages/read_ahead.h"
#include "pages/send_order.h"

// The source's side: names what the target has already, answers faults at once and, after the
// target has listed what it wants, pushes the rest without being asked page by page. Two threads,
// the caller's for the faults and one for the bulk, share only the order of what is still to be
// sent. Its own memory is a few buffers, whatever the size of the app.

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
  void prefer(const std::vector<AppPages>& pages);
  /// Before serve(), after prefer(): what the target has already, as far as it is the same, in
  /// these places. Whoever succeeds the target does not have it, so it counts for the first pair of
  /// connections only.
  void use_early(const EarlyPages& pages, const std::vector<AppPages>& places);

  const PageSourceNumbers& numbers() const { return numbers_; }

 private:
  bool serve_faults(Channel& faults, const std::stop_token& stop);
  /// False: the target has everything.
  bool hear(Channel& faults, const Frame& frame);
  void answer(Channel& faults, const Frame& ask);
  void send_answer(Channel& faults, pid_t process, PageRange range);
  void want(const Frame& frame);
  void push_all(Channel& bulk, const std::stop_token& stop);
  void push(Channel& bulk, const SendOrder::Piece& piece, Packing& packing);
  void push_names(Channel& bulk, const SendOrder::Piece& piece);
  /// How a page is sent: as zero, known (by this number) or raw.
  struct Way {
    FrameKind kind;
    PageNumber number = 0;
    /// Whether the page `after` further on can be in the same frame.
    bool goes_on(const Way& next, uint64_t after) const {
      return next.kind == kind && (kind != FrameKind::known || next.number == number + after);
    }
  };
  struct Run {
    Frame frame;
    Way way;
    Bytes pages;
  };
  Way way_of(pid_t process, uint64_t address, Bytes page) const;
  /// Reads pages, and cuts them into runs that are sent alike. Valid until the thread's next call.
  std::vector<Run> read_runs(pid_t process, PageRange range) const;
  void send_pages(Channel& channel, pid_t process, PageRange range, Packing* packing);
  /// What a frame of pages that the target has, or of zeros, carries.
  Bytes name_of(const Run& run, Frame& frame);
  void send_run(Channel& channel, const Run& run, Packing* packing);
  void send_content(Channel& channel, Frame frame, Bytes pages, Packing* packing);
  /// The bytes that a frame makes on the wire, its size in its head.
  size_t booked(Frame& frame, Bytes payload);
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
  ReadAhead behind_;  // what was asked for
  SendOrder order_;
};

}  // namespace wayferry
