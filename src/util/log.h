// SPDX-License-Identifier: MIT
#pragma once

#include <spdlog/spdlog.h>

#include <string>

// The log is spdlog's default logger, on standard error: `spdlog::info("{} globals", n)`. A process
// sets it up once, in main; WAYFERRY_LOG=trace|debug|info|warn|error sets the level.

namespace wayferry {

/// `role` stands at the head of each line: "monitor term", "move term", "receive".
void set_up_log(const std::string& role);

}  // namespace wayferry
