// SPDX-License-Identifier: MIT
#include "move/fault.h"

#include <signal.h>

#include <cstdlib>

#include "util/error.h"

namespace wayferry {

Fault::Fault(std::string_view point) {
  const auto after = [&](std::string_view prefix) {
    return point.starts_with(prefix) ? std::string(point.substr(prefix.size())) : std::string();
  };
  for_target_ = after("target:");
  kill_ = after("kill:");
  die_ = after("die:");
  if (for_target_.empty() && kill_.empty() && die_.empty()) step_ = point;
}

Fault Fault::from_environment() {
  const char* point = std::getenv("WAYFERRY_FAIL_AT");
  return point ? Fault(point) : Fault();
}

void Fault::at(std::string_view step, const std::function<void()>& kill_link) const {
  if (step == die_) ::raise(SIGKILL);
  if (step == kill_ && kill_link) kill_link();
  if (step == step_) throw Failure("", "made to fail by WAYFERRY_FAIL_AT=" + step_);
}

}  // namespace wayferry
