// SPDX-License-Identifier: MIT
#pragma once

// How many descriptors a process may have (RLIMIT_NOFILE). For each of the app's processes a lazy
// move needs some, for each of its buffers a monitor, and 1024, with which most logins begin, are
// few. They are few for the sake of programs that use select(2), which we do not: so the limit is
// raised for us and for CRIU, which needs as many and gives an app back the limit that it had. For
// all else that we start, an app among it, it is what it was.

namespace wayferry {

/// As far as it may be; once, at the beginning. Where it cannot be it stays.
void raise_descriptor_limit();

/// What it was before that. Async-signal-safe.
void restore_descriptor_limit();

}  // namespace wayferry
