// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "util/io.h"

// Periodic timers (timerfd_create(2)) that came due while their process stood still. The kernel
// starts such a timer's next period when its descriptor is read, and shows it without any time left
// until then; CRIU (up to 4.2 at least) takes that for a timer that was switched off, and restores
// it so: a cursor blinks no more, a key is not repeated. It is written with a whole period left.

namespace wayferry {

/// CRIU's image of open files with such timers running. Throws ProtocolError if it is none.
std::string with_running_timers(std::string_view files);

/// The same for a checkpoint, in place.
void let_timers_run(const Path& images);

}  // namespace wayferry
