// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "move/transfer.pb.h"

// Whether a session's processes, frozen here, can go on there: two sets of facts compared, before
// anything is frozen. No I/O; what one host can say alone (names, engines, images, compositors) it
// says itself.

namespace wayferry {

/// How memory goes: with the app, or after it.
enum class MoveMode {
  eager,
  lazy,  ///< a host that cannot makes the move fail
  best,  ///< lazy if both hosts can, else eager, and the report says why
};

struct Needs {
  uint64_t memory = 0;  ///< bytes of images
  uint64_t files = 0;   ///< bytes of the app's files
  /// Bytes of memory that follow the app. What does not fit would be missed only when the app is
  /// the target's; of a restore that fails for it nothing is lost.
  uint64_t following = 0;
};

/// Throws Failure about `host` (the target) or this host with all that stands in the way.
void require_fit(const transfer::Facts& here, const transfer::Facts& there, const Needs& needs,
                 const std::string& host);

/// Throws Failure if memory cannot follow later: what stands in the way here or there.
void require_lazy(const transfer::Facts& here, const transfer::Facts& there,
                  const std::string& host);

/// The same in words, with what can be done about it; empty if nothing does.
std::string obstacles_to_lazy(const transfer::Facts& here, const transfer::Facts& there,
                              const std::string& host);

/// Whether memory follows. Where the mode left it open, `why_not` says what keeps it from it.
/// Throws Failure as require_lazy.
bool choose_lazy(MoveMode mode, const transfer::Facts& here, const transfer::Facts& there,
                 const std::string& host, std::string& why_not);

/// Whether this CRIU dumps guard pages (criu/guard_pages.h) as such.
bool brings_guards(const std::string& criu_version);

/// "4.1.1" → {4, 1, 1} in order; words that are no numbers count as 0. For comparing versions.
std::vector<int> version_numbers(const std::string& version);

}  // namespace wayferry
