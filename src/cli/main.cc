// SPDX-License-Identifier: MIT
#include <signal.h>

#include <cstdio>

#include "cli/exit.h"
#include "cli/host.h"
#include "cli/verbs.h"
#include "move/mover.h"
#include "util/descriptor_limit.h"
#include "util/error.h"
#include "util/log.h"

namespace {

using namespace wayferry;

int run_command_line(int argc, char** argv) {
  const LocalHost host = real_host();
  CLI::App root{"", "wayferry"};
  add_all(root, host);
  try {
    root.parse(argc, argv);
    return exit_ok;
  } catch (const CLI::ParseError& error) {
    return root.exit(error) == 0 ? exit_ok : exit_usage;
  }
}

// Not println: it throws where standard error is closed.
void complain(const std::exception& error) {
  std::fprintf(stderr, "wayferry: %s\n", error.what());
}

}  // namespace

int main(int argc, char** argv) {
  // A peer that is gone is an error of the write, not the end of us.
  ::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  try {
    set_up_log(argc > 1 ? argv[1] : "wayferry");
    return run_command_line(argc, argv);
  } catch (const InDoubt& error) {
    complain(error);
    return exit_in_doubt;
  } catch (const std::exception& error) {
    complain(error);
    return exit_failure;
  }
}
