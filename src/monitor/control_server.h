// SPDX-License-Identifier: MIT
#pragma once

#include <asio.hpp>
#include <functional>
#include <memory>
#include <string>

#include "monitor/control.pb.h"
#include "util/unique_fd.h"

// The monitor's end of the control socket: frames in, replies out, in order. It knows nothing of
// what the requests mean.

namespace wayferry {

/// One client of the control socket. Kept alive by its own pending reads.
class ControlClient : public std::enable_shared_from_this<ControlClient> {
 public:
  using Handler = std::function<void(std::shared_ptr<ControlClient>, const control::Request&)>;
  using Closed = std::function<void(ControlClient&)>;

  ControlClient(asio::io_context& loop, UniqueFd socket, Handler on_request, Closed on_closed);

  void start() { read_more(); }
  void reply(const control::Reply& reply);
  void reply_done();
  void reply_error(const std::string& text, const std::string& cure = {});

 private:
  void read_more();
  void take_frames();
  void closed();

  asio::local::stream_protocol::socket socket_;
  std::string received_;
  Handler on_request_;
  Closed on_closed_;
};

}  // namespace wayferry
