// SPDX-License-Identifier: MIT
#pragma once

#include "pages/filler.h"
#include "session/store.h"

// What both ends of a lazy move have to agree about.

namespace wayferry {

/// (target) Where the helpers of the page connections find the filler of a move; no file: it needs
/// no more pages. The beginning of the id is enough, and a socket's path must be short.
inline Path page_door(const SessionFolders& folders, const std::string& move_id) {
  return folders.runtime / ("pages." + move_id.substr(0, 12));
}

/// (source) Where an ssh that is logged in for pages waits to be used.
inline Path page_login(const SessionFolders& folders, const std::string& move_id,
                       ChannelKind kind) {
  return folders.runtime / (std::string("login.") + char(kind) + move_id.substr(0, 12));
}

/// (target) Everything the filler needs of this host.
inline Filler::Places filler_places(const SessionFolders& folders, const std::string& move_id,
                                    const Path& images) {
  return {.images = images,
          .work = folders.criu_work(),
          .door = page_door(folders, move_id),
          .ledger = folders.runtime / "ledger"};
}

/// How long a broken connection may stay away while memory is still at the source, before the
/// target ends the app. The source tries for longer, so that its last attempt is not cut off.
constexpr std::chrono::seconds drain_grace{75};
constexpr std::chrono::seconds source_grace = drain_grace + std::chrono::seconds(15);

/// How long the target waits for the source's echo of "all is here". It may be lost with its
/// connection: then the source learns when it connects again that nothing is wanted.
constexpr std::chrono::seconds echo_limit{3};

}  // namespace wayferry
