// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "move/link.h"

// (target) What every kind of receiver does around its work: short answers, and the end. Whatever
// ends the work early is told to the source, in words or by the end of the link, never thrown.

namespace wayferry {

void answer_done(Link& link);
/// `room`: bytes that may go ahead. `page_door`: for memory that follows.
void answer_warm(Link& link, uint64_t room = 0, const std::string& page_door = "");

/// Sends what nobody may be left to hear.
void answer(Link& link, const transfer::ToSource& message);

/// Runs the work, which must have undone everything when it throws: after an answer the source may
/// try again. False if it threw.
bool serve_to_end(Link& link, const std::function<void()>& work);

}  // namespace wayferry
