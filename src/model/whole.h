// SPDX-License-Identifier: MIT
#pragma once

#include "model/connection.h"

// What is true of every connection's model, however the app behaved, and what an attach relies on.
// A state that was read says so of itself before anything else believes it; a model that lives is
// asked by the tests. What is checked record by record while a state is read is not repeated.

namespace wayferry {

/// Throws ProtocolError, naming the first object that contradicts itself or another.
void demand_whole(Connection& connection);

}  // namespace wayferry
