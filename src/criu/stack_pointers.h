// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <vector>

// CRIU leaves a process's stacks out of what is lazy, and takes a page for one by a comparison that
// looks at the wrong bits of a stack pointer (is_stack() in its mem.c, up to 4.2 at least): one
// that lies at the beginning of a page, as one in 256 does, makes all memory of its process a
// stack, and a lazy dump writes it all into its images.

namespace wayferry {

/// Of these processes, which stand still: the first with such a thread, or 0.
pid_t with_misleading_stack(const std::vector<pid_t>& processes);

}  // namespace wayferry
