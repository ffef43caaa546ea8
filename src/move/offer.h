// SPDX-License-Identifier: MIT
#pragma once

#include <vector>

#include "monitor/control.pb.h"
#include "move/facts.h"
#include "move/transfer.pb.h"
#include "session/record.h"

// The first message of a move: a session described to a host that has never heard of it.

namespace wayferry {

/// `record` names the move; `status` is its monitor's.
transfer::ToTarget make_offer(const SessionRecord& record, const control::StatusReply& status,
                              const std::string& display, const MemoryNeeds& memory);

/// The globals the app uses, as a monitor is asked about them.
std::vector<control::Global> globals_of(const transfer::Offer& offer);

}  // namespace wayferry
