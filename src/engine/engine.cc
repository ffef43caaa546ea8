// SPDX-License-Identifier: MIT
#include "engine/engine.h"

#include "criu/programs.h"
#include "engine/runc.h"
#include "util/error.h"

namespace wayferry {

std::unique_ptr<Engine> make_engine(const std::string& kind) {
  if (kind != "runc" && kind != "crun")
    throw Failure("", "there is no engine called " + kind, "use runc or crun");
  if (!find_program(kind))
    throw Failure("", "the container engine " + kind + " is not installed",
                  kind == "crun" ? "apt install crun libcriu2" : "apt install runc");
  return std::make_unique<RuncEngine>(kind);
}

}  // namespace wayferry
