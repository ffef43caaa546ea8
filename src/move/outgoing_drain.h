// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "move/ahead.h"
#include "move/drain_progress.h"
#include "move/link.h"
#include "move/page_service.h"
#include "move/report.h"
#include "move/standby.h"
#include "session/store.h"

// (source) Memory that follows the app: connected while memory goes ahead, served from the
// moment the images are complete, waited for after the commit. Up to there it can be ended at any
// time; afterwards its end is a loss on the target.

namespace wayferry {

struct OutgoingApp {
  std::string name;  ///< of the session
  SessionFolders folders;
  PageAddress address;
  uint64_t bytes_per_second = 0;  ///< 0: as fast as it goes
};

class OutgoingDrain {
 public:
  /// Starts the stand-by process, and begins to connect to the target.
  OutgoingDrain(OutgoingApp app, PageLogins logins, Link& link);

  /// Before start(), while nobody uses the link. Where there is no way, the target's last words on
  /// it say why, if it had any.
  void await_connected();

  /// Serves what the images in this folder left out: what changed last first, then what the app
  /// stood still for after its last move, then what is at the target already. `early` must outlive
  /// this.
  void start(const Path& images, const std::vector<pid_t>& processes, SentAhead ahead,
             const EarlyPages& early);

  /// The app runs at the target.
  void let_flow() { pages_.source().let_flow(); }

  using Tell = std::function<void(const DrainProgress&)>;
  /// Until the target has everything: then nothing is needed here any more. `tell` may be empty.
  void wait(const Tell& tell);
  /// Then: until the target has let go of the session, with what it says about the drain.
  DrainReport finish();

 private:
  void start_standby();
  void tell_progress(const Tell& tell);
  void hear_numbers();
  void await_end();

  OutgoingApp app_;
  Link& link_;
  PageService pages_;
  std::optional<Standby> standby_;
  DrainProgress progress_;
  DrainReport report_;
};

}  // namespace wayferry
