// SPDX-License-Identifier: MIT
#include "engine/pending_criu.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>

#include "criu/gate.h"
#include "util/error.h"

namespace wayferry {
namespace {

// On a busy machine it may take a second.
constexpr std::chrono::milliseconds arrival_limit{30'000};
constexpr std::chrono::milliseconds end_limit{5'000};

SpawnOptions with_gate(SpawnOptions spawning, const Path& gate) {
  spawning.environment.push_back(gate_variable + ("=" + gate.native()));
  return spawning;
}

}  // namespace

PendingCriu::PendingCriu(const std::vector<std::string>& command, SpawnOptions spawning, Path gate)
    : path_(std::move(gate)),
      gate_(listen_unix(path_)),
      child_(spawn(command, with_gate(std::move(spawning), path_))) {}

PendingCriu::~PendingCriu() {
  ::unlink(path_.c_str());
  gate_.reset();
  criu_.reset();
  // One that does not end by that is killed, like every child.
  if (!waited_ && wait_readable(child_.pidfd(), end_limit)) child_.wait();
}

bool PendingCriu::arrived() {
  if (criu_) return true;
  pollfd entries[2] = {{gate_.get(), POLLIN, 0}, {child_.pidfd(), POLLIN, 0}};
  const int ready = ::poll(entries, 2, static_cast<int>(arrival_limit.count()));
  if (ready == 0) throw Failure("", "CRIU has not come up for 30 s");
  check("poll", ready);
  if (entries[0].revents == 0) return false;
  criu_ = UniqueFd(check("accept4", ::accept4(gate_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  return true;
}

void PendingCriu::open() {
  CHECK(criu_);
  // If it is gone its end says so.
  (void)::send(criu_.get(), "", 1, MSG_NOSIGNAL);
}

int PendingCriu::wait() {
  waited_ = true;
  return child_.wait();
}

}  // namespace wayferry
