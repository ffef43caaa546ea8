// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "util/unique_fd.h"
#include "wire/decode.h"

// A message as it came out at one end of a connection under test: with that end's ids, its
// descriptors, and nothing interpreted.

namespace wayferry::test {

struct Arrived {
  uint32_t object = 0;
  const Message* message = nullptr;
  std::string body;
  std::vector<std::shared_ptr<UniqueFd>> fds;

  /// The arguments; they point into `body`.
  Decoded decoded() const {
    Decoded result;
    decode(*message, std::as_bytes(std::span(body)), result);
    return result;
  }
  bool is(std::string_view qualified) const { return qualified_name(*message) == qualified; }
};

}  // namespace wayferry::test
