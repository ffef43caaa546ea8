// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>

#include "move/interrupt.h"
#include "move/transfer.pb.h"
#include "util/error.h"
#include "util/unique_fd.h"

// The connection between a mover and a receiver: two byte streams (a socket and a pipe of
// ssh's, or its pipes to us) with framed messages. It knows lengths, ends and silences, not the
// meaning of anything. A peer that is gone or silent is LinkLost, which the commit must tell from a
// Failure: after it, the peer may or may not have heard the last message.

namespace wayferry {

/// Raised with every change of transfer.proto that an older wayferry would misread.
constexpr int transfer_protocol = 9;

/// Bulk data's largest piece, and the largest message: a piece and what surrounds it.
constexpr size_t longest_piece = 1u << 20;
constexpr uint32_t longest_transfer_message = longest_piece + (64u << 10);

class LinkLost : public Failure {
 public:
  using Failure::Failure;
};

class Link {
 public:
  Link(UniqueFd in, UniqueFd out, std::string peer);

  /// `interrupt`: a signal while waiting for the peer is a Failure. None: signals wait.
  void watch(const Interrupt* interrupt) { interrupt_ = interrupt; }

  void send(const google::protobuf::MessageLite& message);
  /// Whether the peer says something, or is gone, within `limit`.
  bool speaks_within(std::chrono::milliseconds limit) const;
  /// Waits for the next message at most `limit`.
  void receive(google::protobuf::MessageLite& into, std::chrono::milliseconds limit);
  /// The same, but silence is an answer: false.
  bool receive_within(google::protobuf::MessageLite& into, std::chrono::milliseconds limit);

  const std::string& peer() const { return peer_; }
  /// Readable when the peer has said something, or is gone.
  int fd() const { return in_.get(); }
  void close();

 private:
  UniqueFd in_;
  UniqueFd out_;
  std::string peer_;
  const Interrupt* interrupt_ = nullptr;
};

/// Who works on something for longer says "patience" as often: a quarter of the silence that the
/// target bears.
constexpr std::chrono::milliseconds patience_pause{5'000};

/// (source) The answer to a request, of the kind asked for; the target may be silent for `limit` at
/// a time. `failed` is thrown as a Failure on the peer, anything else but patience is a
/// ProtocolError.
transfer::ToSource expect_answer(Link& link, transfer::ToSource::MessageCase kind,
                                 std::chrono::milliseconds limit);

/// (source) Says "abort", and waits for the target to have removed everything. One that is gone, or
/// has failed, does that by itself.
void give_up(Link& link);

/// (source) After something of the target's broke: throws what the target says of it, if it does.
void throw_last_words(Link& link);

/// (source) As Link::send. A target that fails says so and closes the link, which a sender notices
/// only as a broken pipe: then what it said is thrown, not the broken pipe.
void send_to_target(Link& link, const transfer::ToTarget& message);

}  // namespace wayferry
