// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <asio.hpp>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "monitor/attach.h"
#include "monitor/control_server.h"
#include "monitor/served_connection.h"

// All display connections of one container and what the control socket does to them together. A
// connection is served as a new one only when it is known that the app is not being restored: until
// watch (first start) or adopt (restore) has been said, new connections wait.

namespace wayferry {

struct SessionHooks {
  std::function<void(pid_t init)> watch;
  std::function<void()> abandoned;
  std::function<void()> end;
};

class SessionHost {
 public:
  SessionHost(asio::io_context& loop, std::string compositor, Offer offer, SessionHooks hooks);

  void add_app(UniqueFd socket);
  /// Handles what has come on any connection, without asking the loop. True if something had.
  bool look();
  void control(const std::shared_ptr<ControlClient>& client, const control::Request& request);
  void control_closed(ControlClient& client);
  void close_all() { served_.clear(); }

 private:
  void watch(const control::Watch& request);
  void status(ControlClient& client);
  void barrier(const std::shared_ptr<ControlClient>& client, uint32_t limit_ms);
  void wait_until_read(const std::shared_ptr<ControlClient>& client,
                       std::chrono::steady_clock::time_point end);
  void seal_all(ControlClient& client, const control::Seal& request);
  void release_all();
  void check(ControlClient& client, const control::CheckGlobals& request);
  void adopt(ControlClient& client, const control::Adopt& request);
  void switch_to(ControlClient& client, const std::string& display);
  void attach_all(const std::string& display, control::Attached& into);

  AttachReport attach_to(const std::string& display, Relay& relay);
  void serve(std::unique_ptr<Relay> relay);
  void start_waiting();
  void over(ServedConnection& connection);
  void compositor_lost(ServedConnection& connection);
  void reattach_later();
  bool everything_read();
  std::vector<Relay*> relays();

  asio::io_context& loop_;
  std::string compositor_;
  Offer offer_;
  SessionHooks hooks_;
  bool started_ = false;           // watch, adopt: new connections are new
  std::vector<UniqueFd> waiting_;  // accepted, not yet known what for
  std::list<std::unique_ptr<ServedConnection>> served_;
  ControlClient* barrier_holder_ = nullptr;
  bool until_told_ = false;
  pid_t adopted_init_ = 0;  // of a restored container, until it is watched
  asio::steady_timer read_timer_;
  asio::steady_timer attach_timer_;
};

}  // namespace wayferry
