// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

// CRIU makes a list with room for each page of private memory, 16 bytes each, and copies all of it
// into the app's process, also for mappings of which it is shown no page (left_out.h): 5 ms a GB
// while the app stands still. So it is told that the large ones among these are one page long, and
// what it writes about them is put right afterwards (with_whole_mappings() in memory_image.h).

namespace wayferry {

/// By the start of each mapping that was cut, its true end; addresses.
using CutEnds = std::map<uint64_t, uint64_t>;

struct CutSmaps {
  std::string text;
  CutEnds ends;
};

/// Of a text in the form of smaps with flags.
CutSmaps cut_large_mappings(std::string_view smaps);

}  // namespace wayferry
