// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "move/transfer.pb.h"

// The first thing in a ferry file: what is in it and what it takes to thaw it. It is the offer and
// the facts of a move, said to nobody in particular. docs/ferry-file.md has an example.

namespace wayferry {

/// Raised with every change of the file that an older wayferry would misread.
constexpr int ferry_format = 2;

struct Manifest {
  std::string program_version;
  std::string host;  ///< where it was frozen
  std::string kernel;
  int64_t frozen_at = 0;    ///< seconds since 1970
  transfer::Offer offer;    ///< without a move's id and without a wish for a display
  transfer::Facts machine;  ///< of the host: what a processor and a CRIU there must match
};

/// A manifest of this moment and this host.
Manifest manifest_for(transfer::Offer offer, transfer::Facts machine,
                      const std::string& program_version);

std::string to_json(const Manifest& manifest);
/// Throws ProtocolError on `file` for text that is no manifest, Failure for another format.
Manifest manifest_from_json(std::string_view text, const std::string& file);

}  // namespace wayferry
