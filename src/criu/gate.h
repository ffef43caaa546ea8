// SPDX-License-Identifier: MIT
#pragma once

// To start an OCI runtime and CRIU takes as long as a small dump or restore. So they are started
// while the app still runs, at both ends, and a library in CRIU (preload.h) lets it wait once it
// has been told what to do, but has not looked at anything yet: neither at its configuration nor at
// the app or its images. It connects to a socket and goes on when it is sent a byte; when the
// socket is closed instead it ends. One that dumps keeps it to its end, which so is heard of before
// that of the runtime above it; one that restores does not, for the app would inherit it.

namespace wayferry {

/// Its value is the path of the socket.
inline constexpr const char* gate_variable = "WAYFERRY_GATE";

}  // namespace wayferry
