// SPDX-License-Identifier: MIT
#include <signal.h>
#include <unistd.h>

#include <memory>

#include "cli/verbs.h"
#include "move/receiver.h"
#include "move/resolve.h"
#include "move/ssh.h"
#include "util/error.h"

namespace wayferry {
namespace {

struct ReceiveOptions {
  std::string resolve;
  std::string fail_at;
};

void receive(const LocalHost& here, const ReceiveOptions& options) {
  // The end of the ssh connection is noticed at its pipes, in order; a signal from sshd at the same
  // time must not cut the undoing short.
  for (const int signal : {SIGHUP, SIGINT, SIGTERM}) ::signal(signal, SIG_IGN);
  UniqueFd in(check("dup", ::dup(STDIN_FILENO)));
  UniqueFd out(check("dup", ::dup(STDOUT_FILENO)));
  // Whatever prints by mistake must not get into the protocol.
  check("dup2", ::dup2(STDERR_FILENO, STDOUT_FILENO));
  write_all(out.get(), greeting_line(WAYFERRY_VERSION));
  Link link(std::move(in), std::move(out), "the source");
  if (!receive_session(here, link, Fault(options.fail_at))) throw Failure("", "nothing was moved");
}

}  // namespace

void add_receive(CLI::App& root, const LocalHost& host) {
  auto* verb = root.add_subcommand("receive", "The target's side of a move, started through ssh");
  verb->group("");
  auto options = std::make_shared<ReceiveOptions>();
  verb->add_option("--resolve", options->resolve, "Say whose the app of a broken move is")
      ->type_name("MOVE-ID");
  verb->add_option("--fail-at", options->fail_at, "For tests")->type_name("STEP");
  verb->callback([&host, options] {
    if (options->resolve.empty()) return receive(host, *options);
    write_all(STDOUT_FILENO, resolved_line(decide_here(host, options->resolve)));
  });
}

}  // namespace wayferry
