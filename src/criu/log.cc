// SPDX-License-Identifier: MIT
#include "criu/log.h"

#include <algorithm>
#include <array>

namespace wayferry {
namespace {

// Errors that CRIU prints on its way to success.
constexpr std::array harmless{
    std::string_view("Can't setup RLIMIT_NOFILE"),  // root without CAP_SYS_RESOURCE
    std::string_view("Unable to create tun"),  // probing the kernel: a host without /dev/net/tun
};

// Enough for cause and consequences, few enough for a message.
constexpr size_t most_quoted = 6;

// A line is "(00.001061) Error (criu/files-reg.c:1790): Can't lookup mount=52", with "  12: " or
// "pie: 12: " before "Error" when a restored process says it.
std::string_view error_text(std::string_view line) {
  constexpr std::string_view mark = "Error (";
  const size_t at = line.find(mark);
  if (at == line.npos) return {};
  const size_t close = line.find("): ", at);
  if (close == line.npos) return {};
  std::string_view text = line.substr(close + 3);
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text;
}

bool is_harmless(std::string_view text) {
  return std::ranges::any_of(harmless, [&](auto known) { return text.find(known) != text.npos; });
}

}  // namespace

std::vector<std::string> criu_errors(std::string_view log) {
  std::vector<std::string> errors;
  while (!log.empty()) {
    const size_t end = std::min(log.find('\n'), log.size());
    const std::string_view text = error_text(log.substr(0, end));
    if (!text.empty() && !is_harmless(text)) errors.emplace_back(text);
    log.remove_prefix(std::min(end + 1, log.size()));
  }
  return errors;
}

std::string quote_criu_errors(const Path& path) {
  const auto log = read_file(path);
  if (!log) return {};
  const auto errors = criu_errors(*log);
  const size_t skipped = errors.size() > most_quoted ? errors.size() - most_quoted : 0;
  std::string quoted;
  for (size_t i = skipped; i < errors.size(); ++i)
    quoted += (quoted.empty() ? "" : "; ") + errors[i];
  return quoted;
}

}  // namespace wayferry
