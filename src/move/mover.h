// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "move/drain_progress.h"
#include "move/fault.h"
#include "move/handover.h"
#include "move/host.h"
#include "move/interrupt.h"
#include "move/link.h"
#include "move/move_request.h"
#include "move/report.h"
#include "move/ssh.h"

// The source's side of a move, from the first check to the last clean-up: a plain sequence of
// blocking steps, each with its undo. It talks to the session's monitor, to the engine and to the
// receiver on the target, and is the only one that knows all three. It does not know how the target
// is reached (ssh.h does), nor what is in the state or the images it passes on.

namespace wayferry {

/// How the mover reaches the target.
struct MoveTarget {
  std::string host;  ///< as the user named it
  Link& link;
  /// Waits until somebody is at its other end; throws Failure why nobody will be. None: he is.
  std::function<void()> await = {};
  std::function<std::optional<Owner>(const std::string& move_id)> ask;
  /// Brings the image that the app runs from, if it has to be there before; the bytes sent. It
  /// calls back at least once a second.
  std::function<uint64_t(Engine&, const ContainerSpec&, const std::function<void()>& still_busy)>
      bring_image = {};
  std::optional<SharedSsh> shared = {};  ///< the connection of `link`, if others may use it
  std::function<void()> kill_link;       ///< for tests
};

/// The app is frozen here and the target, which may own it, cannot be reached.
class InDoubt : public Failure {
 public:
  using Failure::Failure;
};

struct MoveOptions {
  Fault fault = {};
  const Interrupt* interrupt = nullptr;
  HandoverLimits limits = {};
  /// Called several times a second while memory follows.
  std::function<void(const DrainProgress& progress)> progress = {};
  /// What the connection's program printed so far, to explain a connection that broke.
  std::function<std::string()> words = {};
};

/// Moves a session. Throws Failure with the app alive and running here, or InDoubt. The Failure
/// says at which step and on which host, and that the app goes on here.
MoveReport move_session(const LocalHost& here, const MoveRequest& request, MoveTarget target,
                        const MoveOptions& options = {});

}  // namespace wayferry
