// SPDX-License-Identifier: MIT
#pragma once

#include <CLI/CLI.hpp>
#include <string>

// Completion scripts made from the same option table that parses the command line, so that they
// cannot fall behind it.

namespace wayferry {

/// Adds the hidden --generate-completion SHELL, which prints a script and ends.
void add_completion_option(CLI::App& root);

/// "bash", "zsh" or "fish".
std::string completion_script(const CLI::App& root, const std::string& shell);

}  // namespace wayferry
