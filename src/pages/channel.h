// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "criu/pagemap.h"
#include "util/error.h"
#include "util/io.h"
#include "util/unique_fd.h"

// One of the two connections that pages travel over: "faults", for what a process stands still
// for and for all that both sides say to each other, and "bulk", for the rest, so that nobody ever
// waits behind a mountain. Frames have a fixed head; a frame with pages carries a checksum of them
// and of where they belong. docs/lazy.md tells the conversation. It knows nothing of processes.

namespace wayferry {

/// Raised with every change of Frame or its meaning.
constexpr int pages_protocol = 4;

enum class FrameKind : uint32_t {
  // target → source, on "faults"
  ask = 1,       ///< a process stands still for this page
  want = 2,      ///< these pages are still missing; a list of them …
  want_end = 3,  ///< … is complete: send all that is in it
  drained = 4,   ///< nothing is missing any more
  // both
  tick = 5,  ///< nothing to say, but still here
  // source → target, on either; on "bulk" perhaps before the target has asked for anything
  zero = 6,  ///< these pages hold zeros
  raw = 7,
  lz4 = 8,
  known = 9,  ///< they went ahead, from the page with this number on (early_pages.h)
};

/// What a frame says, in the order of the wire: little endian, no gaps.
struct Frame {
  FrameKind kind = FrameKind::tick;
  uint32_t process = 0;  ///< its pid inside the container
  uint64_t address = 0;  ///< at the source
  uint32_t pages = 0;
  uint32_t size = 0;  ///< bytes that follow
  uint64_t checksum = 0;
};
static_assert(sizeof(Frame) == 32);

/// What a frame `known` carries: the number of its first page.
using PageNumber = uint64_t;

/// Pages in one frame at most: 256 KiB is where LZ4 and a write stop gaining from more.
constexpr uint32_t most_pages = 64;
constexpr size_t longest_run = most_pages * page_size;

/// Pages with content, about, that a source may send before the target has asked for anything: the
/// target keeps them in memory until it has somewhere to put them.
constexpr uint64_t most_early_content = 256;

/// Of one page.
bool is_zero(Bytes page);

uint64_t checksum_of(const Frame& frame, Bytes pages);

/// The other end is gone, or silent for longer than silence_limit.
class ChannelLost : public Failure {
 public:
  explicit ChannelLost(const std::string& text) : Failure("", text) {}
};

constexpr std::chrono::milliseconds tick_pause{1000};
/// Looked at once a tick: a dead link is noticed within 5 s.
constexpr std::chrono::milliseconds channel_silence{4000};

class Channel {
 public:
  Channel(UniqueFd in, UniqueFd out);

  /// From any thread. Whether it had to wait for room. Throws ChannelLost.
  bool send(const Frame& frame, Bytes payload = {});
  /// The same for small frames that may wait for each other: they go together once there are many,
  /// before what is sent next, or with flush().
  void gather(const Frame& frame, Bytes payload);
  void flush();
  /// The next frame, its payload in `payload`; nothing after `limit`, or once `wake` is readable.
  /// Throws ChannelLost, or ProtocolError for a frame that nobody may send.
  std::optional<Frame> receive(std::vector<std::byte>& payload, std::chrono::nanoseconds limit,
                               int wake);
  int in() const { return in_.get(); }

 private:
  bool write_out(Bytes head, Bytes payload);
  bool write_gathered();

  UniqueFd in_;
  UniqueFd out_;
  bool large_in_ = false;  // holds much
  bool large_out_ = false;
  std::mutex sending_;
  std::vector<std::byte> gathered_;
};

}  // namespace wayferry
