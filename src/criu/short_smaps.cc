// SPDX-License-Identifier: MIT
#include "criu/short_smaps.h"

#include "criu/smaps.h"
#include "util/error.h"
#include "util/io.h"
#include "util/log.h"

namespace wayferry {
namespace {

// The same page of the kernel's in every process, and no mapping of its own (x86).
constexpr std::string_view gate = "[vsyscall]";
constexpr std::string_view gate_flags = "ex";

/// None if the kernel does not tell them now: the long file does.
std::vector<FlaggedMapping> flagged_mappings(const MappingFlags& kernel, pid_t process) {
  try {
    return kernel.of(process);
  } catch (const SystemError& error) {
    spdlog::debug("the mappings of process {}: {}", process, error.what());
    return {};
  }
}

}  // namespace

std::optional<std::string> ShortSmaps::of(pid_t process) const {
  const std::string maps = read_file("/proc/" + std::to_string(process) + "/maps").value_or("");
  const auto flagged = flagged_mappings(flags_, process);
  auto next = flagged.begin();
  std::string text;
  for (const SmapsEntry& entry : parse_smaps(maps)) {
    std::optional<std::string> names;
    if (entry.line.ends_with(gate))
      names = gate_flags;
    else if (next != flagged.end() && Mapping{next->start, next->end} == entry.range)
      names = names_.of((next++)->flags);
    if (!names) {
      spdlog::debug("process {}: the kernel's flags are not understood, or missing, for {}",
                    process, entry.line);
      return std::nullopt;
    }
    text += std::string(entry.line) + "\nVmFlags: " + *names + "\n";
  }
  return next == flagged.end() && !text.empty() ? std::optional(text) : std::nullopt;
}

}  // namespace wayferry
