// SPDX-License-Identifier: MIT
#include "move/lazy_pause.h"

#include <chrono>
#include <thread>

#include "criu/stack_pointers.h"

namespace wayferry {
namespace {

// Whoever does anything at all stands elsewhere then; 40 ms in all, with the freezing.
constexpr int most_attempts = 10;
constexpr std::chrono::milliseconds moment{2};

}  // namespace

bool pause_elsewhere(Engine& engine, const std::string& name) {
  for (int attempt = 0; with_misleading_stack(engine.processes(name)) != 0; ++attempt) {
    if (attempt == most_attempts) return false;
    engine.resume(name);
    std::this_thread::sleep_for(moment);
    engine.pause(name);
  }
  return true;
}

}  // namespace wayferry
