// SPDX-License-Identifier: MIT
#include <memory>
#include <print>

#include "cli/verbs.h"
#include "ferry/ferry_reader.h"
#include "model/inspect.h"
#include "session/monitor_client.h"
#include "util/error.h"
#include "util/scope.h"

namespace wayferry {
namespace {

constexpr std::chrono::milliseconds barrier_limit{300};

// A running session's state is only whole while the app stands still, so it is frozen as for a
// move, for some 20 ms. Killed in between, the monitor lets the app go on, as after a mover.
std::string sealed_state(const LocalHost& host, const std::string& name) {
  const SessionLock lock = host.store.lock(name);
  const SessionRecord record = host.store.require(name);
  require_settled(record);
  auto monitor = MonitorClient::connect(host.store.folders(name).control());
  if (!monitor) throw Failure("", "session '" + name + "' has lost its monitor");
  const auto engine = host.engine(record.engine);
  monitor->barrier(barrier_limit);
  Undo unseal([&] { monitor->unseal(); });
  Undo resume([&] { engine->resume(name); });
  engine->pause(name);
  return monitor->seal(engine->processes(name)).state();
}

void inspect(const LocalHost& host, const std::string& what) {
  const bool is_file = what.find('/') != what.npos || std::filesystem::is_regular_file(what);
  if (!is_file) return std::println("{}", state_to_json(sealed_state(host, what)));
  // Of what freeze wrote the beginning is enough, whatever its size.
  if (is_ferry_file(what)) return std::print("{}", to_json(FerryReader(what).manifest()));
  const auto contents = read_file(what);
  if (!contents) throw Failure("", "there is no file " + what);
  std::println("{}", state_to_json(*contents));
}

}  // namespace

void add_inspect(CLI::App& root, const LocalHost& host) {
  auto* verb = root.add_subcommand(
      "inspect", "Print a session's Wayland state, or what a frozen file holds, as JSON");
  auto what = std::make_shared<std::string>();
  verb->add_option("what", *what, "A running session, a file of freeze, or a state file")
      ->required()
      ->type_name("NAME|FILE");
  verb->callback([&host, what] { inspect(host, *what); });
}

}  // namespace wayferry
