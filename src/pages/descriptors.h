// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <vector>

#include "util/unique_fd.h"

// Descriptors over a unix socket, one byte of ours with them.

namespace wayferry {

struct Delivery {
  char byte = 0;
  std::vector<UniqueFd> descriptors;
};

void deliver(int socket, char byte, const std::vector<int>& descriptors);
/// Nothing at the end of the stream.
std::optional<Delivery> take_delivery(int socket);

}  // namespace wayferry
