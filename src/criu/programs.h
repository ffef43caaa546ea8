// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "util/io.h"

namespace wayferry {

/// Where PATH finds a program, as exec would; nothing if it does not.
std::optional<Path> find_program(const std::string& name);

}  // namespace wayferry
