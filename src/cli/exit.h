// SPDX-License-Identifier: MIT
#pragma once

namespace wayferry {

/// Documented in wayferry(1); scripts rely on them.
enum ExitCode { exit_ok = 0, exit_failure = 1, exit_usage = 2, exit_in_doubt = 3 };

}  // namespace wayferry
