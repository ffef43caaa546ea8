// SPDX-License-Identifier: MIT
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "util/io.h"
#include "util/unique_fd.h"

// One end of a Wayland socket: whole batches in, whole batches out, descriptors beside the bytes.
// Never blocks. It knows nothing of messages beyond that bytes come before or with their
// descriptors' message: descriptors travel as early as possible, as libwayland's own do.

namespace wayferry {

class WireChannel {
 public:
  enum class Status { open, would_block, closed };

  WireChannel() = default;
  explicit WireChannel(UniqueFd socket) : socket_(std::move(socket)) {}

  int fd() const { return socket_.get(); }
  bool open() const { return static_cast<bool>(socket_); }
  void close();

  /// Reads what is there, once. `open`: something came.
  Status receive();
  /// The last read was as long as a read can be: there is probably more. A shorter one may leave
  /// something behind too (reads end at descriptors), but then the socket stays readable.
  bool read_was_full() const { return read_was_full_; }

  /// What was received and not yet consumed.
  Bytes received() const { return std::as_bytes(std::span(in_)).subspan(in_start_); }
  void consume(size_t bytes) { in_start_ += bytes; }
  /// Puts bytes before what will be received next (a message cut off by a freeze).
  void prepend(std::string_view bytes);
  void add_received_fd(UniqueFd fd) { in_fds_.push_back(std::move(fd)); }

  size_t received_fds() const { return in_fds_.size(); }
  /// The next received descriptor; there must be one.
  UniqueFd take_fd();

  /// The bytes to be sent; append whole messages.
  std::string& out() { return out_; }
  void queue_fd(UniqueFd fd) { out_fds_.push_back(std::move(fd)); }
  /// What is queued and not yet sent, taken back out.
  std::pair<std::string, std::deque<UniqueFd>> take_output();
  /// Puts output before what is queued.
  void prepend_output(std::string bytes, std::deque<UniqueFd> fds);
  bool has_output() const { return out_start_ < out_.size(); }
  size_t output_size() const { return out_.size() - out_start_; }

  /// Sends until all is sent (`open`) or the socket is full (`would_block`).
  Status flush();

 private:
  ssize_t send_some();

  UniqueFd socket_;
  std::string in_;
  size_t in_start_ = 0;
  bool read_was_full_ = false;
  std::deque<UniqueFd> in_fds_;
  std::string out_;
  size_t out_start_ = 0;
  std::deque<UniqueFd> out_fds_;
};

}  // namespace wayferry
