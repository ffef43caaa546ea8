// SPDX-License-Identifier: MIT
#pragma once

#include <string>

// Whether the kernel tells which pages a process has changed (CONFIG_MEM_SOFT_DIRTY), without which
// private memory cannot be copied ahead of an app: nobody would know what of the copy still holds.

namespace wayferry {

bool kernel_tracks_changed_pages();

/// For a report: why no private memory went ahead of a lazy move.
std::string why_nothing_ahead();

}  // namespace wayferry
