// SPDX-License-Identifier: MIT
#pragma once

#include "pages/filler.h"
#include "session/store.h"

// What both ends of a lazy move have to agree about.

namespace wayferry {

/// (target) Where the helpers of the page connections find the filler.
inline Path page_door(const SessionFolders& folders) {
  return folders.runtime / "pages";
}

/// How long a broken connection may stay away while memory is still at the source.
constexpr std::chrono::seconds drain_grace{60};

}  // namespace wayferry
