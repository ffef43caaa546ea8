// SPDX-License-Identifier: MIT
#include "engine/left_criu.h"

#include <signal.h>

#include <chrono>
#include <set>
#include <thread>

#include "util/log.h"

namespace wayferry {
namespace {

// As for one whose mover lives (pending_criu.cc).
constexpr std::chrono::seconds left_limit{5};
constexpr std::chrono::milliseconds left_step{1};

/// Who traces a process (proc(5)); 0: nobody.
pid_t tracer(pid_t process) {
  const std::string status = read_file("/proc/" + std::to_string(process) + "/status").value_or("");
  constexpr std::string_view label = "\nTracerPid:\t";
  const size_t at = status.find(label);
  return at == status.npos ? 0 : std::stoi(status.substr(at + label.size()));
}

// A debugger is none of our business.
std::set<pid_t> tracing_criu(const Cgroup& group) {
  std::set<pid_t> found;
  for (const pid_t process : group.processes())
    if (const pid_t pid = tracer(process);
        pid > 0 && read_file("/proc/" + std::to_string(pid) + "/comm") == "criu\n")
      found.insert(pid);
  return found;
}

/// True if they have ended by then.
bool signal_until_gone(const Cgroup& group, int signal) {
  const auto end = std::chrono::steady_clock::now() + left_limit;
  for (auto left = tracing_criu(group); !left.empty(); left = tracing_criu(group)) {
    if (std::chrono::steady_clock::now() >= end) return false;
    for (const pid_t criu : left) ::kill(criu, signal);
    std::this_thread::sleep_for(left_step);
  }
  return true;
}

}  // namespace

void end_left_criu(const Cgroup& group) {
  if (signal_until_gone(group, SIGCONT) || signal_until_gone(group, SIGKILL)) return;
  spdlog::error("CRIU cannot be ended: it waits in the kernel, probably for a file system");
}

}  // namespace wayferry
