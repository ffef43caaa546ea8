// SPDX-License-Identifier: MIT
#include "cli/completion.h"
#include "cli/verbs.h"

namespace wayferry {

void add_all(CLI::App& root, const LocalHost& host) {
  root.description("Moves running Wayland applications between machines.");
  root.set_version_flag("--version", WAYFERRY_VERSION);
  root.require_subcommand(1);
  add_completion_option(root);
  for (const auto add : {add_run, add_ps, add_move, add_switch, add_stop, add_logs, add_inspect,
                         add_doctor, add_resolve, add_receive, add_stand_by})
    add(root, host);
}

}  // namespace wayferry
