// SPDX-License-Identifier: MIT
#pragma once

#include <asio.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "monitor/relay.h"

// A relay on the event loop: waits for its two sockets, pumps, flushes, and says when it is over.
// When the compositor goes away the app is kept, unread, until attach() has found one again.

namespace wayferry {

class ServedConnection {
 public:
  ServedConnection(asio::io_context& loop, std::unique_ptr<Relay> relay,
                   std::function<void(ServedConnection&)> on_over,
                   std::function<void(ServedConnection&)> on_compositor_lost);

  Relay& relay() { return *relay_; }
  /// Waits on the sockets that the relay has now (after each attach).
  void serve();
  /// Handles what has come on either side, without asking the loop. True if something had.
  bool look();
  /// Sends what waits, after something was queued from outside (release of a hold).
  void flush();

 private:
  using Descriptor = asio::posix::stream_descriptor;
  enum class Side { app, compositor };

  void wait(Side side);
  void ready(Side side);
  bool pump(Side side);
  void wait_writable(Side side);
  void wait_for_pongs();
  void after_pump();
  void lose_compositor(const std::string& why);
  std::optional<Descriptor>& descriptor(Side side) {
    return side == Side::app ? app_ : compositor_;
  }

  asio::io_context& loop_;
  std::unique_ptr<Relay> relay_;
  std::function<void(ServedConnection&)> on_over_;
  std::function<void(ServedConnection&)> on_compositor_lost_;
  std::optional<Descriptor> app_;
  std::optional<Descriptor> compositor_;
  asio::steady_timer ping_timer_;
  bool app_waits_ = false;  // a read of the app is armed
  bool over_ = false;       // the app has closed; the owner knows
  bool writes_armed_[2] = {};
  bool pings_armed_ = false;
  // Handlers of an earlier serve() find that their time is over.
  std::shared_ptr<int> epoch_ = std::make_shared<int>();
};

}  // namespace wayferry
