// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "util/io.h"

// Which CRIU is installed and what it can do on this kernel, as CRIU itself answers.

namespace wayferry {

struct CriuVersion {
  int major = 0;
  int minor = 0;
  int patch = 0;
  auto operator<=>(const CriuVersion&) const = default;
};

/// Reads what `criu --version` prints ("Version: 4.1.1"); nothing if it is something else.
std::optional<CriuVersion> parse_criu_version(std::string_view printed);

std::string to_string(const CriuVersion& version);

/// The installed CRIU; nothing if there is none in PATH. `kept`, if it is not empty, is a file for
/// its answer, which takes 4 ms and is good for as long as the program is the same file; it need
/// not be there, nor possible. Throws SystemError if it cannot be started.
std::optional<CriuVersion> installed_criu(const Path& kept = {});

/// `criu check`, with --feature NAME unless `feature` is empty. Nothing if all is well, else CRIU's
/// error lines.
std::optional<std::string> criu_check_failure(const std::string& feature = {});

}  // namespace wayferry
