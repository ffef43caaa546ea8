// SPDX-License-Identifier: MIT
#include "pages/channel.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <thread>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "util/peer_sockets.h"

namespace wayferry {
namespace {

// Each write wakes five processes, two of them ssh; and who waits for the first wants it soon.
constexpr size_t most_gathered = 1024;

static_assert(std::endian::native == std::endian::little, "Frame goes over the wire as it is");

void require_sound(const Frame& frame) {
  const bool exists = frame.kind >= FrameKind::ask && frame.kind <= FrameKind::known;
  const bool named = frame.kind == FrameKind::known;
  const bool carries = frame.kind == FrameKind::raw || frame.kind == FrameKind::lz4 || named;
  const size_t longest = named ? sizeof(PageNumber) : longest_run;
  const bool bounded = carries ? frame.pages >= 1 && frame.pages <= most_pages && frame.size >= 1 &&
                                     frame.size <= longest
                               : frame.size == 0;
  if (!exists || !bounded || frame.address % page_size != 0)
    throw ProtocolError("page channel", "a frame that makes no sense");
}

// So that ssh and we need not take turns.
constexpr size_t pipe_bytes = 4 * longest_run;

// Twice the window that ssh gives a channel (2 MB; the kernel counts more than what was written):
// what sshd reads it then writes at once. What it had to keep it copied whenever that grew, to new
// memory each time, and of the 72 ms of a processor that it takes for 64 MB 12 were page faults.
constexpr size_t room_for_ssh = 4 * pipe_bytes;

// Whoever waits for the next bit of data or room is woken for each 32 KB that ssh brings or takes,
// 10,000 times a second, which costs both ends a tenth of their processor time. With so much still
// to do he does not look for a while in which a fast link fills or empties a third of a pipe. A
// piece of read-ahead is less (read_ahead.h): behind it others wait.
constexpr size_t too_little_for_a_nap = 65536;
constexpr std::chrono::microseconds nap_time{400};

// Nobody stops in the middle of a frame, so there silence means a cut cable.
void wait_or_lose(int fd, short events, bool may_nap) {
  pollfd entry{fd, events, 0};
  if (may_nap && ::poll(&entry, 1, 0) == 0) std::this_thread::sleep_for(nap_time);
  const int ready = ::poll(&entry, 1, static_cast<int>(channel_silence.count()));
  if (ready == 0) throw ChannelLost("the other side has been silent for 4 s");
}

/// The bytes that a read or a write did; 0 if it has to be tried again.
size_t done_or_lose(ssize_t result) {
  if (result >= 0) return static_cast<size_t>(result);
  if (errno == EINTR || errno == EAGAIN) return 0;
  throw ChannelLost("the page channel broke: " + std::generic_category().message(errno));
}

bool is_pipe(int fd) {
  return ::fcntl(fd, F_GETPIPE_SZ) >= 0;
}

void read_or_lose(int fd, std::span<std::byte> into, bool large) {
  while (!into.empty()) {
    wait_or_lose(fd, POLLIN, large && into.size() > too_little_for_a_nap);
    const ssize_t n = ::read(fd, into.data(), into.size());
    if (n == 0) throw ChannelLost("the page channel was closed");
    into = into.subspan(done_or_lose(n));
  }
}

}  // namespace

bool is_zero(Bytes page) {
  return page[0] == std::byte{0} && std::memcmp(page.data(), page.data() + 1, page.size() - 1) == 0;
}

uint64_t checksum_of(const Frame& frame, Bytes pages) {
  return XXH3_64bits_withSeed(pages.data(), pages.size(), frame.address ^ frame.process);
}

Channel::Channel(UniqueFd in, UniqueFd out) : in_(std::move(in)), out_(std::move(out)) {
  // A refusal only costs speed. How much waits in a socket is a matter of who writes to it.
  large_in_ = is_pipe(in_.get()) ? make_room(in_.get(), pipe_bytes)
                                 : make_room_at_peer(in_.get(), room_for_ssh);
  large_out_ = make_room(out_.get(), pipe_bytes);
  const int flags = check("fcntl", ::fcntl(out_.get(), F_GETFL));
  check("fcntl", ::fcntl(out_.get(), F_SETFL, flags | O_NONBLOCK));
}

bool Channel::write_out(Bytes head, Bytes payload) {
  bool waited = false;
  while (!head.empty() || !payload.empty()) {
    // iovec is not const for the sake of readv.
    const iovec parts[2] = {{const_cast<std::byte*>(head.data()), head.size()},
                            {const_cast<std::byte*>(payload.data()), payload.size()}};
    const size_t done = done_or_lose(::writev(out_.get(), parts, 2));
    if (done == 0) {
      waited = true;
      wait_or_lose(out_.get(), POLLOUT, large_out_ && payload.size() > too_little_for_a_nap);
    }
    const size_t of_head = std::min(done, head.size());
    head = head.subspan(of_head);
    payload = payload.subspan(done - of_head);
  }
  return waited;
}

bool Channel::write_gathered() {
  const bool waited = write_out(gathered_, {});
  gathered_.clear();
  return waited;
}

bool Channel::send(const Frame& frame, Bytes payload) {
  const std::lock_guard lock(sending_);
  const bool waited = write_gathered();
  return write_out(std::as_bytes(std::span(&frame, 1)), payload) || waited;
}

void Channel::gather(const Frame& frame, Bytes payload) {
  const std::lock_guard lock(sending_);
  const Bytes head = std::as_bytes(std::span(&frame, 1));
  gathered_.insert(gathered_.end(), head.begin(), head.end());
  gathered_.insert(gathered_.end(), payload.begin(), payload.end());
  if (gathered_.size() >= most_gathered) write_gathered();
}

void Channel::flush() {
  const std::lock_guard lock(sending_);
  write_gathered();
}

std::optional<Frame> Channel::receive(std::vector<std::byte>& payload,
                                      std::chrono::nanoseconds limit, int wake) {
  pollfd entries[2] = {{in_.get(), POLLIN, 0}, {wake, POLLIN, 0}};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(limit);
  const timespec most{.tv_sec = seconds.count(), .tv_nsec = (limit - seconds).count()};
  const int ready = ::ppoll(entries, 2, &most, nullptr);
  if (ready < 0 && errno == EINTR) return std::nullopt;
  check("poll", ready);
  if (entries[0].revents == 0) return std::nullopt;
  Frame frame;
  read_or_lose(in_.get(), std::as_writable_bytes(std::span(&frame, 1)), large_in_);
  require_sound(frame);
  payload.resize(frame.size);
  read_or_lose(in_.get(), payload, large_in_);
  return frame;
}

}  // namespace wayferry
