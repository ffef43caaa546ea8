// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <string_view>

// Failure points, for tests only. WAYFERRY_FAIL_AT in the mover's environment names one step:
//   STEP         the step fails at its beginning, on the source
//   kill:STEP    the ssh process is killed (SIGKILL) at the step's beginning
//   target:STEP  handed on to the target (receive --fail-at): that step fails there
//   die:STEP     the mover, or with target:die:STEP the receiver, kills itself (SIGKILL) there
// Steps of the source: look connect check files pre-warm early barrier pause seal checkpoint send
// restore commit handover finish; of the target: check prepare files pre-warm receive restore adopt
// ready release.

namespace wayferry {

class Fault {
 public:
  Fault() = default;
  explicit Fault(std::string_view point);
  /// From WAYFERRY_FAIL_AT.
  static Fault from_environment();

  /// What is to be handed on to the target; "" = nothing.
  const std::string& for_target() const { return for_target_; }

  /// Called at the beginning of each step. `kill_link` ends the ssh process.
  void at(std::string_view step, const std::function<void()>& kill_link = {}) const;

 private:
  std::string step_;
  std::string kill_;
  std::string die_;
  std::string for_target_;
};

}  // namespace wayferry
