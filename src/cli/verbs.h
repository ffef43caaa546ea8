// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>

#include "move/host.h"
#include "move/volumes.h"

// The verbs of the command line, one file each. A verb's add_ function says what it takes, and what
// it does when chosen; all else is in the libraries. Data goes to standard output, words for people
// to standard error. A verb fails by throwing; main turns that into an exit code.

namespace wayferry {

/// --carry and --shared.
void add_volume_options(CLI::App& verb, VolumeWishes& wishes);
/// --close-foreign.
void add_foreign_option(CLI::App& verb, bool& close);

void add_run(CLI::App& root, const LocalHost& host);
void add_ps(CLI::App& root, const LocalHost& host);
void add_move(CLI::App& root, const LocalHost& host);
void add_switch(CLI::App& root, const LocalHost& host);
void add_freeze(CLI::App& root, const LocalHost& host);
void add_thaw(CLI::App& root, const LocalHost& host);
void add_stop(CLI::App& root, const LocalHost& host);
void add_logs(CLI::App& root, const LocalHost& host);
void add_inspect(CLI::App& root, const LocalHost& host);
void add_doctor(CLI::App& root, const LocalHost& host);
void add_resolve(CLI::App& root, const LocalHost& host);
// Started by wayferry itself, hidden from the help.
void add_receive(CLI::App& root, const LocalHost& host);
void add_stand_by(CLI::App& root, const LocalHost& host);

/// The whole command line: every verb, --version, --generate-completion.
void add_all(CLI::App& root, const LocalHost& host);

}  // namespace wayferry
