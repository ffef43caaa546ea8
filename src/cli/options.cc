// SPDX-License-Identifier: MIT
#include "cli/completion.h"
#include "cli/verbs.h"

namespace wayferry {

void add_volume_options(CLI::App& verb, VolumeWishes& wishes) {
  verb.add_option("--carry", wishes.carry, "Take this volume along (its place inside, or all)")
      ->type_name("INSIDE")
      ->allow_extra_args(false);
  verb.add_option("--shared", wishes.shared, "The target has the same volume")
      ->type_name("INSIDE")
      ->allow_extra_args(false);
}

void add_foreign_option(CLI::App& verb, bool& close) {
  verb.add_flag("--close-foreign", close,
                "Close the app's connections to what stays behind, instead of refusing");
}

void add_all(CLI::App& root, const LocalHost& host) {
  root.description("Moves running Wayland applications between machines.");
  root.set_version_flag("--version", WAYFERRY_VERSION);
  root.require_subcommand(1);
  add_completion_option(root);
  for (const auto add : {add_run, add_ps, add_move, add_switch, add_freeze, add_thaw, add_stop,
                         add_logs, add_inspect, add_doctor, add_resolve, add_receive, add_stand_by})
    add(root, host);
}

}  // namespace wayferry
