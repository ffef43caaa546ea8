// SPDX-License-Identifier: MIT
#include <signal.h>
#include <unistd.h>

#include <memory>

#include "cli/verbs.h"
#include "move/standby.h"
#include "move/succession.h"

namespace wayferry {
namespace {

struct StandByOptions {
  std::string name;
  std::string side;
  uint64_t bytes_per_second = 0;
};

void stand_by(const LocalHost& host, const StandByOptions& options) {
  // What ends its leader's terminal or ssh connection must not end it.
  for (const int signal : {SIGHUP, SIGINT, SIGTERM}) ::signal(signal, SIG_IGN);
  auto kept = await_succession(STDIN_FILENO);
  if (!kept) return;
  if (options.side == "target")
    succeed_receiver(host, options.name, std::move(*kept));
  else
    succeed_mover(host, options.name, options.bytes_per_second);
}

}  // namespace

void add_stand_by(CLI::App& root, const LocalHost& host) {
  auto* verb = root.add_subcommand("stand-by", "Take over a lazy move whose leader is killed");
  verb->group("");
  auto options = std::make_shared<StandByOptions>();
  verb->add_option("name", options->name)->required()->type_name("NAME");
  verb->add_option("--side", options->side)->check(CLI::IsMember({"source", "target"}))->required();
  verb->add_option("--limit-rate", options->bytes_per_second);
  verb->callback([&host, options] { stand_by(host, *options); });
}

}  // namespace wayferry
