// SPDX-License-Identifier: MIT
#include <memory>
#include <print>

#include "cli/verbs.h"
#include "move/mover.h"
#include "move/resolve.h"
#include "move/ssh.h"
#include "move/succession.h"
#include "util/error.h"

namespace wayferry {
namespace {

struct ResolveOptions {
  std::string name;
  bool here = false;
  bool there = false;
};

// A file as a target is named by its whole path, a host's name has no slash.
bool is_file(const std::string& target) {
  return target.contains('/');
}

Owner decide(const LocalHost& host, const SessionRecord& record, const ResolveOptions& options) {
  if (options.here) return Owner::source;
  if (options.there) return Owner::target;
  if (is_file(record.move_host)) return decide_here(host, record.move_id);
  if (const auto owner = ask_over_ssh(record.move_host, record.move_id)) return *owner;
  throw InDoubt(record.move_host, "cannot be reached",
                "if the app runs there: wayferry resolve --there " + record.spec.name +
                    "; only if it certainly does not: --here");
}

/// Its memory here is all that the app there lacks.
void drain(const LocalHost& host, const SessionRecord& record, const ResolveOptions& options) {
  const std::string& name = record.spec.name;
  if (options.here) throw Failure("", "the app runs on " + record.move_host);
  if (options.there)
    remove_drained(host, *host.engine(record.engine), name);
  else
    finish_outgoing_drain(host, name, /*bytes_per_second=*/0);
  std::println(stderr, "{} runs on {}; removed here", name, record.move_host);
}

void resolve(const LocalHost& host, const ResolveOptions& options) {
  const SessionLock lock = host.store.lock(options.name);
  const SessionRecord record = host.store.require(options.name);
  if (record.state == SessionState::draining) return drain(host, record, options);
  if (record.state != SessionState::in_doubt)
    throw Failure("", "session '" + options.name + "' is not in doubt, it is " +
                          std::string(to_string(record.state)));
  auto monitor = MonitorClient::connect(host.store.folders(options.name).control());
  if (!monitor) throw Failure("", "session '" + options.name + "' has lost its monitor");
  const auto engine = host.engine(record.engine);
  if (decide(host, record, options) == Owner::target) {
    if (record.lazy && !options.there) return drain(host, record, options);
    let_go(host, *engine, *monitor, options.name);
    std::println(stderr, "{} is on {}; removed here", options.name, record.move_host);
  } else {
    take_back(host, *engine, *monitor, options.name);
    std::println(stderr, "{} goes on here", options.name);
  }
}

}  // namespace

void add_resolve(CLI::App& root, const LocalHost& host) {
  auto* verb = root.add_subcommand("resolve", "Settle a session that a broken move left in doubt");
  auto options = std::make_shared<ResolveOptions>();
  verb->add_option("name", options->name, "The session")->required()->type_name("NAME");
  auto* here = verb->add_flag("--here", options->here, "Do not ask: it goes on here");
  verb->add_flag("--there", options->there, "Do not ask: it runs there")->excludes(here);
  verb->callback([&host, options] { resolve(host, *options); });
}

}  // namespace wayferry
