// SPDX-License-Identifier: MIT
#include <sys/syscall.h>
#include <unistd.h>

#include <memory>

#include "cli/verbs.h"
#include "session/monitor_client.h"
#include "util/error.h"

namespace wayferry {
namespace {

// What docker stop gives an app, halved: a desktop app saves at once or asks.
constexpr std::chrono::seconds grace{5};

// The monitor removes the session when its container has ended; some 100 ms.
constexpr std::chrono::seconds clean_up_limit{10};

/// True if the process has ended within the limit.
bool ended(pid_t pid, std::chrono::milliseconds limit) {
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  return !process || wait_readable(process.get(), limit);
}

void stop(const LocalHost& host, const std::string& name) {
  living_sessions(host.store, host.engine);
  const SessionLock lock = host.store.lock(name);
  const SessionRecord record = host.store.require(name);
  require_settled(record);
  const auto engine = host.engine(record.engine);
  engine->kill(name, grace);
  if (ended(record.monitor_pid, clean_up_limit) && !host.store.load(name)) return;
  if (auto monitor = MonitorClient::connect(host.store.folders(name).control())) monitor->dismiss();
  remove_session(host.store, *engine, name);
}

}  // namespace

void add_stop(CLI::App& root, const LocalHost& host) {
  auto* verb = root.add_subcommand("stop", "End an app and remove its session");
  auto name = std::make_shared<std::string>();
  verb->add_option("name", *name, "The session")->required()->type_name("NAME");
  verb->callback([&host, name] { stop(host, *name); });
}

}  // namespace wayferry
