// SPDX-License-Identifier: MIT
#pragma once

#include <stdexcept>
#include <string>

// Wire scripts: what an app and a compositor say through a relay, and what each hears of it, one
// message a line. The files tests/wire/*.wire are such scripts; README there has the language.

namespace wayferry::test {

/// A script's expectation that was not met, or a line that says nothing. Names the line.
struct ScriptError : std::runtime_error {
  ScriptError(size_t line, const std::string& text)
      : std::runtime_error("line " + std::to_string(line) + ": " + text) {}
};

/// Plays a script. Throws ScriptError at the first line that is not as it says.
void play(const std::string& script);

}  // namespace wayferry::test
