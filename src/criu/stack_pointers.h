// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "util/io.h"

// CRIU leaves a process's stacks out of what is lazy, and takes a page for one by a comparison that
// looks at the wrong bits of a stack pointer (is_stack() in its mem.c, up to 4.2 at least): one
// that lies at the beginning of a page, as one in 256 does, makes all memory of its process a
// stack, and a lazy dump would write it all into its images. A library in CRIU (preload.h) lets it
// see such a pointer a byte higher, and gives the thread its own back; here the images get it back.

namespace wayferry {

/// Whether one of these processes, which stand still, has such a thread.
bool has_misleading_stack(const std::vector<pid_t>& processes);

/// A core image as CRIU would have written it without the library. Throws ProtocolError if it is
/// none.
std::string with_true_stack(std::string_view core);

/// The same for all of a checkpoint, in place.
void restore_true_stacks(const Path& images);

}  // namespace wayferry
