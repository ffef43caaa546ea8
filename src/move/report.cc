// SPDX-License-Identifier: MIT
#include "move/report.h"

#include <algorithm>
#include <format>
#include <nlohmann/json.hpp>

namespace wayferry {
namespace {

std::string bytes_line(const char* what, uint64_t bytes) {
  return std::format("  {:<14}{:>10.1f} KB\n", what, static_cast<double>(bytes) / 1000);
}

}  // namespace

std::string to_table(const MoveReport& report) {
  std::string text =
      std::format("{}: moved from {} to {}\n", report.name, report.source, report.target);
  for (const Phase& phase : report.phases)
    text += std::format("  {:<14}{:>10.1f} ms\n", phase.name, phase.ms);
  text += std::format("  {:<14}{:>10.1f} ms\n", "downtime", report.downtime_ms);
  text += bytes_line("memory pages", report.page_bytes);
  text += bytes_line("other images", report.image_bytes);
  text += bytes_line("window state", report.state_bytes);
  text += bytes_line("files", report.file_bytes);
  for (const std::string& object : report.inert) text += "  without effect there: " + object + "\n";
  for (const std::string& rest : report.left_over) text += "  left over here: " + rest + "\n";
  return text;
}

std::string to_json(const MoveReport& report) {
  nlohmann::json phases;
  for (const Phase& phase : report.phases) phases[phase.name] = phase.ms;
  return nlohmann::json{{"name", report.name},
                        {"source", report.source},
                        {"target", report.target},
                        {"phases_ms", phases},
                        {"downtime_ms", report.downtime_ms},
                        {"bytes",
                         {{"pages", report.page_bytes},
                          {"images", report.image_bytes},
                          {"state", report.state_bytes},
                          {"files", report.file_bytes}}},
                        {"objects", report.objects},
                        {"inert", report.inert},
                        {"left_over", report.left_over}}
      .dump(2);
}

}  // namespace wayferry
