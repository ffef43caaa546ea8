// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace wayferry {

/// A state file as JSON for people: each object with the requests that made it what it is, in the
/// app's words. Throws ProtocolError for what is no state file, or a damaged one.
std::string state_to_json(std::string_view state);

}  // namespace wayferry
