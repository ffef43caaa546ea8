// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "monitor/control.pb.h"
#include "util/io.h"
#include "util/unique_fd.h"

// Asks a session's monitor through its control socket, one method a request, each waiting for its
// answer. An Error answer, a monitor that is gone and one that does not answer in time are
// Failures. The connection itself means something: a monitor whose mover's connection closes gives
// its barrier up (see control.proto), so a mover keeps one client from barrier to commit.

namespace wayferry {

class MonitorClient {
 public:
  explicit MonitorClient(UniqueFd socket) : socket_(std::move(socket)) {}

  /// Nothing if no monitor listens there.
  static std::optional<MonitorClient> connect(const Path& control);

  void watch(pid_t init);
  control::StatusReply status();
  void barrier(std::chrono::milliseconds limit);
  control::Sealed seal(const std::vector<pid_t>& pids);
  void unseal();
  void hold_until_told();
  void dismiss();
  /// What an attach would miss, in words; empty: nothing.
  std::vector<std::string> check_globals(const std::vector<control::Global>& needed);
  control::Attached adopt(std::string state, const std::vector<pid_t>& pids);
  void go(pid_t init);
  control::Attached switch_to(const std::string& display);

 private:
  /// The answer's bytes; nothing if the monitor has ended.
  std::optional<std::string> exchange(const control::Request& request);
  control::Reply ask(const control::Request& request, control::Reply::ReplyCase expected);

  UniqueFd socket_;
};

}  // namespace wayferry
