// SPDX-License-Identifier: MIT
#include "criu/programs.h"

#include <unistd.h>

#include <cstdlib>
#include <sstream>

namespace wayferry {

std::optional<Path> find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    Path candidate = Path(folder) / name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return std::nullopt;
}

}  // namespace wayferry
