// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "util/io.h"

// What CRIU says went wrong, in its own words: the lines of a log that name an error, without their
// clock and source file, without those that occur in every healthy run.

namespace wayferry {

/// The error texts of a log, in order: "Can't dump that handle".
std::vector<std::string> criu_errors(std::string_view log);

/// The error texts of the log at `path`, joined by "; " for a message. Empty if there is no log, or
/// no error in it. The last ones only, if there are many: the cause stands before "FAILED".
std::string quote_criu_errors(const Path& path);

}  // namespace wayferry
