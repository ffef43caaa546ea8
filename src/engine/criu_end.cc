// SPDX-License-Identifier: MIT
#include "engine/criu_end.h"

#include <signal.h>

#include <algorithm>
#include <sstream>

#include "util/log.h"

namespace wayferry {
namespace {

using Clock = std::chrono::steady_clock;

// Most end within a few of the first; who is still there later is not looked at as often.
constexpr std::chrono::milliseconds first_pause{1};
constexpr std::chrono::milliseconds last_pause{100};

/// When a process was started (proc(5)), in ticks since the boot.
uint64_t start_time(pid_t process) {
  const std::string stat = read_file("/proc/" + std::to_string(process) + "/stat").value_or("");
  std::istringstream rest(stat.substr(std::min(stat.rfind(')') + 1, stat.size())));
  std::string word;
  for (int field = 3; field <= 22; ++field) rest >> word;
  return word.empty() ? 0 : std::stoull(word);
}

bool is_named(const HeldProcess& process, std::string_view name) {
  const auto comm = read_file("/proc/" + std::to_string(process.pid) + "/comm");
  return comm == std::string(name) + "\n";
}

// Others may read it. CRIU was there before all that it has started, which may be named like it.
std::optional<HeldProcess> criu_writing(const Path& log) {
  auto users = hold_users(log);
  std::erase_if(users, [](const HeldProcess& user) { return !is_named(user, "criu"); });
  const auto first = std::ranges::min_element(
      users, {}, [](const auto& user) { return std::pair(start_time(user.pid), user.pid); });
  if (first == users.end()) return std::nullopt;
  return std::move(*first);
}

/// Nothing if it was killed: then somebody else has adopted its CRIU.
std::optional<HeldProcess> runtime_above(const HeldProcess& criu) {
  auto parent = hold_parent(criu.pid);
  if (parent && (is_named(*parent, "runc") || is_named(*parent, "crun"))) return parent;
  return std::nullopt;
}

// A debugger is none of our business.
std::optional<HeldProcess> criu_tracing(const Cgroup& group) {
  for (const pid_t process : group.processes())
    if (auto tracer = hold_tracer(process); tracer && is_named(*tracer, "criu")) return tracer;
  return std::nullopt;
}

// Neither is a time that one takes that ends at all, on a busy machine either.
constexpr std::chrono::milliseconds dump_end_limit{5'000};
constexpr std::chrono::milliseconds restore_end_limit{1'000};
constexpr std::chrono::milliseconds kill_limit{5'000};

bool has_ended(const HeldProcess& process, std::chrono::milliseconds limit) {
  return wait_readable(process.pidfd.get(), limit);
}

void kill_below(const HeldProcess& process, const HeldProcess& spared) {
  if (has_ended(process, std::chrono::milliseconds(0))) return;  // its pid may be another's now
  for (const HeldProcess& below : hold_descendants(process.pid))
    if (below.pid != spared.pid) below.signal(SIGKILL);
}

void end_within(std::chrono::milliseconds limit, const HeldProcess& criu,
                const std::function<void()>& before) {
  const auto end = Clock::now() + limit;
  for (auto pause = first_pause; Clock::now() < end; pause = std::min(2 * pause, last_pause)) {
    before();
    criu.signal(SIGCONT);
    if (has_ended(criu, pause)) return;
  }
  criu.signal(SIGKILL);
  if (!has_ended(criu, kill_limit))
    spdlog::error("CRIU cannot be ended: it waits in the kernel, probably for a file system");
}

}  // namespace

void end_dump(const HeldProcess& criu) {
  end_within(dump_end_limit, criu, [] {});
}

void end_restore(const HeldProcess& criu, const std::function<void()>& kill_started) {
  end_within(restore_end_limit, criu, kill_started);
}

void end_left_dump(const Cgroup& group) {
  const auto end = Clock::now() + dump_end_limit + kill_limit;
  for (auto criu = criu_tracing(group); criu && Clock::now() < end; criu = criu_tracing(group))
    end_dump(*criu);
}

bool end_left_restore(const Path& log) {
  const auto criu = criu_writing(log);
  if (!criu) return false;
  const auto runtime = runtime_above(*criu);
  end_restore(*criu, [&] {
    if (runtime) kill_below(*runtime, *criu);
    kill_below(*criu, *criu);
  });
  if (runtime) has_ended(*runtime, runtime_end_limit);
  return true;
}

}  // namespace wayferry
