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

nlohmann::json to_json(const DrainReport& drain) {
  return {{"ms", drain.ms},
          {"pages", drain.pages},
          {"zero_pages", drain.zero_pages},
          {"fault_pages", drain.fault_pages},
          {"bulk_pages", drain.bulk_pages},
          {"known_pages", drain.known_pages},
          {"dropped_pages", drain.dropped_pages},
          {"source_pages", drain.source_pages},
          {"arrived_pages", drain.arrived_pages},
          {"wire_bytes", drain.wire_bytes},
          {"faults", drain.faults},
          {"fault_p50_us", drain.fault_p50_us},
          {"fault_p99_us", drain.fault_p99_us}};
}

std::string to_lines(const DrainReport& drain) {
  std::string text = std::format("  {:<14}{:>10.1f} ms\n", "memory after", drain.ms);
  text += bytes_line("memory sent", drain.wire_bytes);
  text += std::format(
      "  {:<14}{:>10} arrived of {}; {} zero, {} ahead, {} by faults, {} in bulk, {} given back\n",
      "pages", drain.arrived_pages, drain.source_pages, drain.zero_pages, drain.known_pages,
      drain.fault_pages, drain.bulk_pages, drain.dropped_pages);
  text += std::format("  {:<14}{:>10} p50 {:.0f} us, p99 {:.0f} us\n", "page faults", drain.faults,
                      drain.fault_p50_us, drain.fault_p99_us);
  return text;
}

}  // namespace

std::string to_table(const MoveReport& report) {
  std::string text =
      std::format("{}: moved from {} to {}\n", report.name, report.source, report.target);
  text += std::format("  {:<14}{:>10}\n", "mode", report.lazy ? "lazy" : "eager");
  if (!report.why_eager.empty()) text += "  not lazy, because " + report.why_eager + "\n";
  for (const Phase& phase : report.phases)
    text += std::format("  {:<14}{:>10.1f} ms\n", phase.name, phase.ms);
  text += std::format("  {:<14}{:>10.1f} ms\n", "downtime", report.downtime_ms);
  text += bytes_line("sent ahead", report.early_bytes);
  text += bytes_line("memory pages", report.page_bytes);
  text += bytes_line("other images", report.image_bytes);
  if (report.drain) text += to_lines(*report.drain);
  text += bytes_line("window state", report.state_bytes);
  text += bytes_line("files", report.file_bytes);
  if (report.base_bytes > 0) text += bytes_line("image", report.base_bytes);
  for (const std::string& object : report.inert) text += "  without effect there: " + object + "\n";
  for (const std::string& note : report.notes) text += "  note: " + note + "\n";
  for (const std::string& rest : report.left_over) text += "  left over here: " + rest + "\n";
  return text;
}

std::string to_json(const MoveReport& report) {
  nlohmann::json phases;
  for (const Phase& phase : report.phases) phases[phase.name] = phase.ms;
  nlohmann::json json{{"name", report.name},
                      {"source", report.source},
                      {"target", report.target},
                      {"mode", report.lazy ? "lazy" : "eager"},
                      {"why_eager", report.why_eager},
                      {"phases_ms", phases},
                      {"downtime_ms", report.downtime_ms},
                      {"bytes",
                       {{"pages", report.page_bytes},
                        {"early", report.early_bytes},
                        {"images", report.image_bytes},
                        {"state", report.state_bytes},
                        {"files", report.file_bytes},
                        {"base", report.base_bytes}}},
                      {"objects", report.objects},
                      {"inert", report.inert},
                      {"notes", report.notes},
                      {"left_over", report.left_over}};
  if (report.drain) json["drain"] = to_json(*report.drain);
  return json.dump(2);
}

}  // namespace wayferry
