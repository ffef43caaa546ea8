// SPDX-License-Identifier: MIT
#include <memory>
#include <print>

#include "cli/verbs.h"
#include "move/mover.h"
#include "move/ssh.h"
#include "util/error.h"

namespace wayferry {
namespace {

struct MoveVerbOptions {
  MoveRequest request;
  std::string host;
  bool json = false;
};

void move_app(const LocalHost& here, const MoveVerbOptions& options) {
  const Interrupt interrupt;  // before the follower's thread
  const Fault fault = Fault::from_environment();
  living_sessions(here.store, here.engine);
  here.store.require(options.request.name);
  Receiving receiving(options.host, WAYFERRY_VERSION, fault.for_target());
  const MoveTarget target{
      .host = options.host,
      .link = receiving.link(),
      .ask = [&](const std::string& id) { return ask_over_ssh(options.host, id); },
      .kill_link = [&] { receiving.kill(); }};
  const MoveReport report = move_session(
      here, options.request, target,
      {.fault = fault, .interrupt = &interrupt, .words = [&] { return receiving.words(); }});
  if (options.json)
    std::println("{}", to_json(report));
  else
    std::print("{}", to_table(report));
}

}  // namespace

void add_move(CLI::App& root, const LocalHost& host) {
  auto* verb = root.add_subcommand("move", "Move a running app to another host");
  auto options = std::make_shared<MoveVerbOptions>();
  verb->add_option("name", options->request.name, "The session")->required()->type_name("NAME");
  verb->add_option("host", options->host, "Where to, as for ssh")->required()->type_name("HOST");
  verb->add_option("--display", options->request.display, "Compositor to use there");
  verb->add_flag("--json", options->json, "Report for scripts");
  verb->callback([&host, options] { move_app(host, *options); });
}

}  // namespace wayferry
