// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "move/steps.h"

// What a move took: time by phase and bytes by class, as a table for people or JSON for scripts.

namespace wayferry {

/// How the memory followed, in a lazy move.
struct DrainReport {
  double ms = 0;  ///< from "it runs there" to the last page
  uint64_t pages = 0;
  uint64_t zero_pages = 0;
  uint64_t fault_pages = 0;  ///< sent because somebody stood still for them, and those beside them
  uint64_t bulk_pages = 0;
  uint64_t known_pages = 0;  ///< had gone ahead and were the same
  uint64_t dropped_pages = 0;
  uint64_t arrived_pages = 0;  ///< of the source, each once
  uint64_t source_pages = 0;   ///< left out by the checkpoint: all of them arrived or were dropped
  uint64_t wire_bytes = 0;
  uint64_t faults = 0;
  double fault_p50_us = 0;
  double fault_p99_us = 0;
};

struct MoveReport {
  std::string name;
  std::string source;
  std::string target;
  bool lazy = false;
  std::string why_eager;  ///< when the mode was left to us, and lazy could not be
  std::vector<Phase> phases;
  double downtime_ms = 0;    ///< from the app's freeze to "it runs there", by the source's clock
  uint64_t page_bytes = 0;   ///< in the images
  uint64_t early_bytes = 0;  ///< memory that went ahead while the app ran
  uint64_t image_bytes = 0;  ///< all images but pages
  uint64_t state_bytes = 0;
  uint64_t file_bytes = 0;
  uint64_t base_bytes = 0;  ///< the image that the app runs from, if the target lacked it
  std::optional<DrainReport> drain;
  uint32_t objects = 0;                ///< Wayland objects rebuilt
  std::vector<std::string> inert;      ///< objects without anything behind them there
  std::vector<std::string> notes;      ///< what else the user should know
  std::vector<std::string> left_over;  ///< what could not be cleaned up here afterwards
};

std::string to_table(const MoveReport& report);
std::string to_json(const MoveReport& report);

}  // namespace wayferry
