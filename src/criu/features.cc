// SPDX-License-Identifier: MIT
#include "criu/features.h"

#include <sys/stat.h>

#include <charconv>
#include <format>

#include "criu/log.h"
#include "criu/programs.h"
#include "util/error.h"
#include "util/log.h"
#include "util/process.h"

namespace wayferry {
namespace {

// Takes a number and one following dot off `text`; 0 if there is none.
int take_number(std::string_view& text) {
  int number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return 0;
  text.remove_prefix(static_cast<size_t>(rest - text.data()));
  if (text.starts_with('.')) text.remove_prefix(1);
  return number;
}

/// A line that tells this file from all that were, or will be, in its place.
std::string identity_of(const Path& program) {
  struct stat status{};
  check("stat", ::stat(program.c_str(), &status), program.native());
  return std::format("{} {} {} {}.{:09}\n", status.st_dev, status.st_ino, status.st_size,
                     status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
}

void keep(const Path& file, const std::string& answer) {
  try {
    write_file(file, answer);
  } catch (const SystemError& error) {
    spdlog::debug("CRIU is asked for its version each time, which takes 4 ms: {}", error.what());
  }
}

}  // namespace

std::optional<CriuVersion> parse_criu_version(std::string_view printed) {
  constexpr std::string_view label = "Version: ";
  const size_t at = printed.find(label);
  if (at == printed.npos) return std::nullopt;
  std::string_view digits = printed.substr(at + label.size());
  CriuVersion version;
  version.major = take_number(digits);
  version.minor = take_number(digits);
  version.patch = take_number(digits);
  if (version.major <= 0) return std::nullopt;
  return version;
}

std::string to_string(const CriuVersion& version) {
  return std::to_string(version.major) + "." + std::to_string(version.minor) +
         (version.patch ? "." + std::to_string(version.patch) : "");
}

std::optional<CriuVersion> installed_criu(const Path& kept) {
  const auto program = find_program("criu");
  if (!program) return std::nullopt;
  const std::string identity = identity_of(*program);
  const std::string known = kept.empty() ? "" : read_file(kept).value_or("");
  if (known.starts_with(identity) && known.ends_with('\n'))
    if (const auto version = parse_criu_version(known)) return version;
  const std::string said = run({"criu", "--version"}).out;
  const auto version = parse_criu_version(said);
  if (version && !kept.empty()) keep(kept, identity + said);
  return version;
}

std::optional<std::string> criu_check_failure(const std::string& feature) {
  std::vector<std::string> command{"criu", "check"};
  if (!feature.empty()) command.insert(command.end(), {"--feature", feature});
  const Output output = run(command);
  if (output.status == 0) return std::nullopt;
  std::string words;
  for (const std::string& error : criu_errors(output.err))
    words += (words.empty() ? "" : "; ") + error;
  return words.empty() ? "status " + std::to_string(output.status) : words;
}

}  // namespace wayferry
