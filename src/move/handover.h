// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "move/host.h"
#include "move/journal.h"
#include "move/link.h"

// The commit: who owns the app afterwards, whatever breaks in the middle. Both halves stand here,
// side by side, because they are only right together:
//
//   source                               target
//   …                                    restored, attached, stopped; journal: ready; says Ready
//   record: in doubt; says Yours ──────► journal: mine (unless dropped meanwhile)
//   target owns it ◄──────────────────── app released; says Mine
//
// Before Yours the source decides alone: it takes the app back. After Yours only the target's
// journal decides: without an answer the source asks it over a new connection, and asking makes
// the answer final. The target gives up by itself only before Yours, by writing "dropped".

namespace wayferry {

/// (source) Asks the target's journal about the move; nothing if it cannot be reached now.
using AskTarget = std::function<std::optional<Owner>()>;

struct HandoverLimits {
  std::chrono::milliseconds answer{10'000};  ///< for Mine: a release takes some 20 ms
  std::chrono::milliseconds asking{60'000};  ///< then the user is told
  std::chrono::milliseconds pause{1'000};    ///< between two questions
};

struct Handover {
  std::optional<Owner> owner;  ///< nothing: in doubt
  double release_ms = 0;       ///< as the target measured it, if it said so
};

/// (source) Says Yours and finds out what came of it. The app is frozen, and recorded as in doubt.
/// Throws nothing: whatever happens is one of three answers.
Handover hand_over(Link& link, const AskTarget& ask, const HandoverLimits& limits);

/// (target) Waits for Yours and claims the app. Throws if it will never be ours: the source gave
/// up, went away or asked the journal (LinkLost, Failure).
void take_over(Link& link, MoveJournal& journal, std::chrono::milliseconds limit);

}  // namespace wayferry
