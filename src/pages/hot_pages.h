// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "pages/app_pages.h"
#include "util/io.h"

// Which pages an app stood still for after its last move, in the order in which it did: what it
// will most likely want first after the next one, so they go first then. No kernel says which pages
// a process has used lately unless it tracks idle pages, which few do.

namespace wayferry {

struct HotPage {
  pid_t process = 0;     ///< inside the container
  uint64_t address = 0;  ///< its own, so that of the source of the next move
  bool operator==(const HotPage&) const = default;
};

/// A hot one, and those after it that go with it, as they did when it was asked for.
constexpr uint64_t hot_window = 16;
std::vector<AppPages> with_windows(const std::vector<HotPage>& pages);
/// 1 MB of a file; with their windows 4 GB.
constexpr size_t most_hot_pages = 1u << 16;

void write_hot_pages(const Path& file, const std::vector<HotPage>& pages);
/// Empty if there is no such file. Throws ProtocolError for another one.
std::vector<HotPage> read_hot_pages(const Path& file);

}  // namespace wayferry
