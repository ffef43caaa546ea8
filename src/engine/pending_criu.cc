// SPDX-License-Identifier: MIT
#include "engine/pending_criu.h"

#include <poll.h>
#include <sys/inotify.h>
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

std::optional<FolderWatch> watch_for(const Path& file) {
  if (file.empty()) return std::nullopt;
  std::filesystem::remove(file);
  return FolderWatch(file.parent_path(), IN_CLOSE_WRITE | IN_MOVED_TO);
}

/// Until one of the two can be read. True if it is the first.
bool wait_for_first(int first, int second) {
  pollfd entries[2] = {{first, POLLIN, 0}, {second, POLLIN, 0}};
  while (::poll(entries, 2, -1) < 0)
    if (errno != EINTR) throw SystemError(errno, "poll");
  return entries[0].revents != 0;
}

}  // namespace

PendingCriu::PendingCriu(const std::vector<std::string>& command, SpawnOptions spawning, Path gate,
                         Path sign)
    : path_(std::move(gate)),
      sign_(std::move(sign)),
      signs_(watch_for(sign_)),
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
  while (signs_ && wait_for_first(signs_->fd(), child_.pidfd()))
    if (signs_->names().contains(sign_.filename())) return 0;
  waited_ = true;
  return child_.wait();
}

void PendingCriu::wait_for_criu() {
  wait_for_first(criu_.get(), child_.pidfd());
}

}  // namespace wayferry
