// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "monitor/control.pb.h"
#include "monitor/relay.h"

// Everything that puts a window on a screen goes through attach(): the first start is an attach of
// an empty session; switch, a compositor's return, move and thaw are the same code with a fuller
// one. It says to the compositor what the app once asked for, and to the app what is different now,
// and answers on the app's behalf what the compositor asks meanwhile.

namespace wayferry {

struct AttachReport {
  size_t objects = 0;
  std::vector<std::string> inert;  ///< objects with nothing behind them here, with the reason
};

/// Connects the relay to the compositor at `display` and rebuilds its objects there. Throws
/// CompositorLost if the compositor is not there, does not answer within `limit`, or refuses; the
/// relay then has no link, the app has heard nothing that would not be true of a later attach.
AttachReport attach(Relay& relay, const std::string& display, std::chrono::milliseconds limit);

/// The relay leaves its compositor, or has lost it, and there may be no other for long. The app is
/// told what holds no more at once, not by the next attach: a key that was held would be repeated
/// till then.
void detach(Relay& relay);

/// In human words, which of the needed globals the compositor at `display` cannot stand in for.
/// Empty: an attach would succeed. Throws CompositorLost.
std::vector<std::string> missing_globals(const std::string& display,
                                         const std::vector<control::Global>& needed,
                                         std::chrono::milliseconds limit);

/// What the compositor at `display` lets an app be offered. Throws CompositorLost.
Offer offer_of(const std::string& display, std::chrono::milliseconds limit);

}  // namespace wayferry
