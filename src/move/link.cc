// SPDX-License-Identifier: MIT
#include "move/link.h"

#include <poll.h>

#include "session/frame.h"
#include "util/io.h"

namespace wayferry {

using transfer::ToSource;

Link::Link(UniqueFd in, UniqueFd out, std::string peer)
    : in_(std::move(in)), out_(std::move(out)), peer_(std::move(peer)) {
  // One whole piece fits in, also where ssh made the pipe, so that ssh and we need not take turns.
  // A refusal (pipe-user-pages-soft) only costs speed.
  for (const int fd : {in_.get(), out_.get()}) make_room(fd, longest_piece);
}

void Link::close() {
  in_.reset();
  out_.reset();
}

void Link::send(const google::protobuf::MessageLite& message) {
  if (!out_) throw LinkLost(peer_, "the connection is closed");
  try {
    write_frame(out_.get(), message);
  } catch (const SystemError& error) {
    throw LinkLost(peer_, std::string("the connection broke: ") + error.what());
  }
}

bool Link::speaks_within(std::chrono::milliseconds limit) const {
  pollfd entries[2] = {{in_.get(), POLLIN, 0}, {interrupt_ ? interrupt_->fd() : -1, POLLIN, 0}};
  const auto end = std::chrono::steady_clock::now() + limit;
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    const int ready = ::poll(entries, 2, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (ready < 0 && errno == EINTR) continue;
    check("poll", ready);
    if (entries[1].revents) interrupt_->check();
    return ready > 0;
  }
}

bool Link::receive_within(google::protobuf::MessageLite& into, std::chrono::milliseconds limit) {
  if (!in_) throw LinkLost(peer_, "the connection is closed");
  if (!speaks_within(limit)) return false;
  const std::string where = "message from " + peer_;
  try {
    const auto bytes = read_frame(in_.get(), longest_transfer_message, where);
    if (!bytes) throw LinkLost(peer_, "the connection was closed");
    parse_frame(into, *bytes, where);
    return true;
  } catch (const SystemError& error) {
    throw LinkLost(peer_, std::string("the connection broke: ") + error.what());
  }
}

void Link::receive(google::protobuf::MessageLite& into, std::chrono::milliseconds limit) {
  if (!receive_within(into, limit))
    throw LinkLost(peer_, "no answer for " + std::to_string(limit.count() / 1000) + " s");
}

ToSource expect_answer(Link& link, ToSource::MessageCase kind, std::chrono::milliseconds limit) {
  ToSource answer;
  do link.receive(answer, limit);
  while (answer.has_patience());
  if (answer.has_failed())
    throw Failure(link.peer(), answer.failed().text(), answer.failed().cure());
  if (answer.message_case() != kind)
    throw ProtocolError("message from " + link.peer(), "an answer to another question");
  return answer;
}

void throw_last_words(Link& link) {
  ToSource last;
  // If it had any, they already lie in the pipe.
  if (link.receive_within(last, std::chrono::seconds(2)) && last.has_failed())
    throw Failure(link.peer(), last.failed().text(), last.failed().cure());
}

void send_to_target(Link& link, const transfer::ToTarget& message) {
  try {
    link.send(message);
  } catch (const LinkLost&) {
    throw_last_words(link);
    throw;
  }
}

void give_up(Link& link) {
  // The target dismantles a container at most.
  constexpr std::chrono::seconds limit{15};
  try {
    transfer::ToTarget message;
    message.mutable_abort();
    link.send(message);
    // An answer to what was asked before may still be under way.
    transfer::ToSource answer;
    do link.receive(answer, limit);
    while (!answer.has_dropped() && !answer.has_failed());
  } catch (const Failure&) {
    // It is gone: then it removes what it has without being told.
  }
}

}  // namespace wayferry
