// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "move/steps.h"

// What a move took: time by phase and bytes by class, as a table for people or JSON for scripts.

namespace wayferry {

struct MoveReport {
  std::string name;
  std::string source;
  std::string target;
  std::vector<Phase> phases;
  double downtime_ms = 0;  ///< from the app's freeze to "it runs there", by the source's clock
  uint64_t page_bytes = 0;
  uint64_t image_bytes = 0;  ///< all images but pages
  uint64_t state_bytes = 0;
  uint64_t file_bytes = 0;
  uint32_t objects = 0;                ///< Wayland objects rebuilt
  std::vector<std::string> inert;      ///< objects without anything behind them there
  std::vector<std::string> left_over;  ///< what could not be cleaned up here afterwards
};

std::string to_table(const MoveReport& report);
std::string to_json(const MoveReport& report);

}  // namespace wayferry
