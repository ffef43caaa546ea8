// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <string_view>

// What a session may be called. A name becomes a folder, a container id, a cgroup and a word in
// error messages, and it comes from another host in a move, so the rule is narrow: letters, digits,
// '-', '_' and '.', not first a sign, at most 40 characters (a socket's path ends at 107).

namespace wayferry {

bool valid_session_name(std::string_view name);

/// Throws Failure with the rule when the name is not valid.
void require_session_name(std::string_view name);

/// A free name made from the app's program name: "foot", then "foot-2" …
std::string pick_session_name(std::string_view program,
                              const std::function<bool(const std::string&)>& taken);

}  // namespace wayferry
