// SPDX-License-Identifier: MIT
#pragma once

#include "monitor/relay.h"

// Between versions. The app keeps an object in the version that it once bound; after an attach the
// compositor may have it in an older one only. What the app says in newer words is said in older
// ones, and what it waits for by its own version is told by us. Each difference is a line of the
// two tables in bridges.cc; a request without a line is left out, which its protocol allows.

namespace wayferry {

/// Before the request itself is passed, or left out because the compositor does not know it.
void bridge_request(Relay& relay, const Call& call);

enum class Moment { before, instead, after };

/// Tells the app what belongs at that moment of the event; true: something did.
bool bridge_event(Relay& relay, const Call& call, Moment moment);

}  // namespace wayferry
