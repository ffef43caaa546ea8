// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace wayferry {

/// CRIU's core image with this one record, of less than 256 bytes.
inline std::string core_image_of(const std::string& record) {
  using namespace std::string_literals;
  return "\x19\x43\x56\x54\x47\x38\x05\x55"s + static_cast<char>(record.size()) + "\0\0\0"s +
         record;
}

}  // namespace wayferry
