// SPDX-License-Identifier: MIT
#include "monitor/control_server.h"

#include <spdlog/spdlog.h>

#include <cstring>

namespace wayferry {
namespace {

constexpr uint32_t longest_request = 1u << 30;  // control.proto: a state may be in it

}  // namespace

ControlClient::ControlClient(asio::io_context& loop, UniqueFd socket, Handler on_request,
                             Closed on_closed)
    : socket_(loop, asio::local::stream_protocol(), socket.release()),
      on_request_(std::move(on_request)),
      on_closed_(std::move(on_closed)) {}

void ControlClient::read_more() {
  const size_t before = received_.size();
  received_.resize(before + 65536);
  socket_.async_read_some(asio::buffer(received_.data() + before, received_.size() - before),
                          [self = shared_from_this(), before](std::error_code error, size_t n) {
                            self->received_.resize(before + n);
                            if (error) return self->closed();
                            self->take_frames();
                            if (self->socket_.is_open()) self->read_more();
                          });
}

void ControlClient::take_frames() {
  uint32_t size = 0;
  while (received_.size() >= sizeof size) {
    std::memcpy(&size, received_.data(), sizeof size);  // both ends are this host's
    if (size > longest_request) {
      spdlog::error("a control client announced a request of {} bytes; disconnected", size);
      return closed();
    }
    if (received_.size() - sizeof size < size) return;
    control::Request request;
    const bool whole =
        request.ParseFromArray(received_.data() + sizeof size, static_cast<int>(size));
    received_.erase(0, sizeof size + size);
    if (whole)
      on_request_(shared_from_this(), request);
    else
      reply_error("this is no request that this monitor knows");
  }
}

void ControlClient::closed() {
  std::error_code ignored;  // it is gone either way
  (void)socket_.close(ignored);
  on_closed_(*this);
}

// Written at once: replies are small or their reader waits for nothing else.
void ControlClient::reply(const control::Reply& reply) {
  std::string bytes(sizeof(uint32_t), '\0');
  reply.AppendToString(&bytes);
  const auto size = static_cast<uint32_t>(bytes.size() - sizeof(uint32_t));
  std::memcpy(bytes.data(), &size, sizeof size);
  std::error_code error;
  socket_.non_blocking(false, error);
  asio::write(socket_, asio::buffer(bytes), error);
  if (error) spdlog::warn("a control client went away before its reply: {}", error.message());
}

void ControlClient::reply_done() {
  control::Reply reply_message;
  reply_message.mutable_done();
  reply(reply_message);
}

void ControlClient::reply_error(const std::string& text, const std::string& cure) {
  control::Reply reply_message;
  reply_message.mutable_error()->set_text(text);
  reply_message.mutable_error()->set_cure(cure);
  reply(reply_message);
}

}  // namespace wayferry
