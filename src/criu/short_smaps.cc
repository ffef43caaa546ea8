// SPDX-License-Identifier: MIT
#include "criu/short_smaps.h"

#include "criu/smaps.h"
#include "util/io.h"

namespace wayferry {
namespace {

// The same page of the kernel's in every process, and no mapping of its own (x86).
constexpr std::string_view gate = "[vsyscall]";
constexpr std::string_view gate_flags = "ex";

}  // namespace

std::optional<std::string> ShortSmaps::of(pid_t process) const {
  const std::string maps = read_file("/proc/" + std::to_string(process) + "/maps").value_or("");
  const auto flagged = flags_.of(process);
  auto next = flagged.begin();
  std::string text;
  for (const SmapsEntry& entry : parse_smaps(maps)) {
    std::optional<std::string> names;
    if (entry.line.ends_with(gate))
      names = gate_flags;
    else if (next != flagged.end() && Mapping{next->start, next->end} == entry.range)
      names = names_.of((next++)->flags);
    if (!names) return std::nullopt;
    text += std::string(entry.line) + "\nVmFlags: " + *names + "\n";
  }
  return next == flagged.end() && !text.empty() ? std::optional(text) : std::nullopt;
}

}  // namespace wayferry
