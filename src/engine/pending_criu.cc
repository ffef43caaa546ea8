// SPDX-License-Identifier: MIT
#include "engine/pending_criu.h"

#include <signal.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <utility>

#include "criu/gate.h"
#include "engine/criu_end.h"
#include "util/error.h"
#include "util/log.h"

namespace wayferry {
namespace {

using namespace std::chrono_literals;

// On a busy machine it may take a second.
constexpr auto arrival_limit = 30s;

// It raises its limit of descriptors itself, but root without CAP_SYS_RESOURCE cannot.
SpawnOptions for_criu(SpawnOptions spawning, const Path& gate) {
  spawning.many_descriptors = true;
  spawning.environment.push_back(gate_variable + ("=" + gate.native()));
  return spawning;
}

std::optional<FolderWatch> watch_for(const Path& file) {
  if (file.empty()) return std::nullopt;
  std::filesystem::remove(file);
  return FolderWatch(file.parent_path(), IN_CLOSE_WRITE | IN_MOVED_TO);
}

uint64_t nothing_moves() {
  return 0;
}

}  // namespace

PendingCriu::PendingCriu(CriuWork work, const std::vector<std::string>& command,
                         SpawnOptions spawning, Path gate, Path sign)
    : work_(work),
      path_(std::move(gate)),
      sign_(std::move(sign)),
      signs_(watch_for(sign_)),
      gate_(listen_unix(path_)),
      child_(spawn(command, for_criu(std::move(spawning), path_))) {}

// What was restored and is complete lives on; so may what restores it, for a moment. A command that
// is left in the end is killed, like every child.
PendingCriu::~PendingCriu() {
  ::unlink(path_.c_str());
  gate_.reset();
  connection_.reset();
  if (!over_) end();
  if (!waited_) wait_readable(child_.pidfd(), runtime_end_limit);
}

bool PendingCriu::arrived(const Patience& patience) {
  if (connection_) return true;
  Patience limited = patience;
  limited.stall = std::min<std::chrono::milliseconds>(patience.stall, arrival_limit);
  const std::array descriptors{gate_.get(), child_.pidfd()};
  if (PatientWait(limited, nothing_moves).for_any(descriptors) != 0) return false;
  connection_ = UniqueFd(check("accept4", ::accept4(gate_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  criu_ = hold_peer(connection_.get());
  return true;
}

void PendingCriu::open() {
  CHECK(connection_);
  // If it is gone its end says so.
  (void)::send(connection_.get(), "", 1, MSG_NOSIGNAL);
}

int PendingCriu::wait(PatientWait& patience) {
  const std::array descriptors{signs_ ? signs_->fd() : child_.pidfd(), child_.pidfd()};
  while (patience.for_any(descriptors) == 0 && signs_)
    if (signs_->names().contains(sign_.filename())) {
      over_ = true;
      look_no_more();
      return 0;
    }
  waited_ = true;
  const int status = child_.wait();
  // A runtime that was killed leaves its CRIU alone.
  over_ = status == 0;
  return status;
}

// To close it takes the kernel 10 ms, which would be the last thing that a move waits for, or,
// here, an app that stands still.
void PendingCriu::look_no_more() {
  unwatched_ = std::async(std::launch::async,
                          [signs = std::exchange(signs_, std::nullopt)] mutable { signs.reset(); });
}

void PendingCriu::wait_for_criu(PatientWait& patience) {
  const std::array descriptors{connection_.get(), child_.pidfd()};
  patience.for_any(descriptors);
}

// CRIU is one of them twice, unless its runtime has ended before it.
std::vector<HeldProcess> PendingCriu::processes() const {
  std::vector<HeldProcess> all;
  if (!waited_) all = hold_descendants(child_.pid());
  if (criu_ && !wait_readable(criu_->pidfd.get(), 0ms))
    for (HeldProcess& process : hold_descendants(criu_->pid)) all.push_back(std::move(process));
  return all;
}

uint64_t PendingCriu::bytes_moved() const {
  return bytes_moved_by(processes());
}

// Not its runtime, which takes its books of the container back when it hears of the failure.
void PendingCriu::kill_started() const {
  for (const HeldProcess& process : processes())
    if (!criu_ || process.pid != criu_->pid) process.signal(SIGKILL);
}

// What CRIU has started goes first: helpers, for which it may have waited only, and processes that
// it has restored, which would run once it lets go of them. Those of a dump go once: later ones
// help it to put things back.
void PendingCriu::end() {
  if (!waited_) ::kill(child_.pid(), SIGCONT);
  kill_started();
  if (!criu_) return;
  if (work_ == CriuWork::restore) return end_restore(*criu_, [this] { kill_started(); });
  end_dump(*criu_);
}

}  // namespace wayferry
