// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "model/connection.h"

// A window's size where the compositor leaves it open: a toplevel that was given a size at the last
// compositor keeps it at the next, as long as neither that compositor nor the app has another wish.

namespace wayferry {

/// (attach) The compositor's first word on the toplevel: body of its configure.
void note_first_configure(Object& toplevel, std::string_view body);

/// What the app is told instead of a configure with this body; empty: as it is.
std::string with_kept_size(Connection& model, Object& toplevel, std::string_view body);

}  // namespace wayferry
