// SPDX-License-Identifier: MIT
#pragma once

#include "move/host.h"

// The real machine: the only place where engines, monitors and compositors are wired to the code
// that uses them through LocalHost.

namespace wayferry {

LocalHost real_host();

}  // namespace wayferry
