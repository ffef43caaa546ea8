// SPDX-License-Identifier: MIT
#pragma once

#include "move/link.h"

// (target) Reading what the source asks, in the order it must ask. Anything out of order is a
// ProtocolError; "abort" may come at any time and is an exception of its own.

namespace wayferry {

/// The source gave the move up and said so.
class Aborted : public Failure {
 public:
  Aborted() : Failure("", "the source gave the move up") {}
};

/// How long the source may be silent. It sends bulk data or asks the next thing at once, so this
/// is far above any pause it makes; a cut cable is not noticed otherwise (sshd waits for ever). The
/// source gives a dead link up after 10 s, and its user may want to try again soon after.
constexpr std::chrono::seconds silence_limit{20};

/// Throws Aborted or ProtocolError unless the request is of this kind.
void require_request(const transfer::ToTarget& request, transfer::ToTarget::MessageCase kind);

/// The next request, of any kind but abort and patience.
transfer::ToTarget next_request(Link& link);

}  // namespace wayferry
