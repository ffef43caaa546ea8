// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "move/host.h"
#include "move/standby.h"
#include "pages/filler.h"

// (target) The app runs and its memory follows: what a receiver does then, and whoever takes over
// from one that was killed.

namespace wayferry {

struct IncomingApp {
  const LocalHost& host;
  Engine& engine;
  std::string name;
};

std::unique_ptr<Standby> start_standby_for(const IncomingApp& app);

/// Until the app has all its memory. If that cannot be, the app is ended, because it must not read
/// zeros instead, its session tells why, and the error is thrown.
void lead_incoming_drain(const IncomingApp& app, Filler& filler, std::unique_ptr<Standby>& standby);

/// Ends an app whose memory cannot all come any more.
void end_incomplete(const IncomingApp& app, const std::string& why);

}  // namespace wayferry
