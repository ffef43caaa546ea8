// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "session/store.h"

// CRIU's logs lie in the session's folder, which an undone move removes. The error quotes their
// error lines; the whole is kept beside, and the error says where.

namespace wayferry {

/// Does `step`. If it fails, what CRIU wrote to `log` (a file of its work folder) is kept, and the
/// Failure names it.
void with_criu_log(const SessionStore& store, const std::string& session, const std::string& log,
                   const std::function<void()>& step);

}  // namespace wayferry
