// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "criu/cut_mappings.h"
#include "criu/process_memory.h"

// What CRIU wrote about a process's mappings (mm-PID.img).

namespace wayferry {

inline constexpr const char* memory_image = "CRIU mm image";

/// Their names begin so (image_pid() in image.h).
inline constexpr std::string_view memory_kind = "mm-";

/// The mappings whose missing pages its restore will fetch, in order. Throws ProtocolError if that
/// is no such image.
std::vector<Mapping> mappings_restored_lazily(std::string_view image);

/// The image of a dump that was told that some mappings are one page long (cut_mappings.h), with
/// each of them as long as it is. Throws ProtocolError if one is not in it.
std::string with_whole_mappings(std::string_view image, const CutEnds& ends);

/// Whether all pages of `ranges` lie in `mappings`, both in order.
bool lie_in(const std::vector<PageRange>& ranges, const std::vector<Mapping>& mappings);

}  // namespace wayferry
