// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>
#include <vector>

#include "criu/process_memory.h"

// What CRIU wrote about a process's mappings (mm-PID.img).

namespace wayferry {

inline constexpr const char* memory_image = "CRIU mm image";

/// The mappings whose missing pages its restore will fetch, in order. Throws ProtocolError if that
/// is no such image.
std::vector<Mapping> mappings_restored_lazily(std::string_view image);

/// Whether all pages of `ranges` lie in `mappings`, both in order.
bool lie_in(const std::vector<PageRange>& ranges, const std::vector<Mapping>& mappings);

}  // namespace wayferry
