// SPDX-License-Identifier: MIT
#pragma once

#include "monitor/relay.h"

// Scales that this compositor does not tell, but that the app waits for: of surfaces where it is
// older than the app's wl_surface, and of fractional scales where it has none. Both are then those
// of the outputs that the surface stands on, as the app would have to find out by itself.

namespace wayferry {

/// After an event: the scale of a surface has changed, perhaps.
void follow_scale(Relay& relay, const Call& call);

}  // namespace wayferry
