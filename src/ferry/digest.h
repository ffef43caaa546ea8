// SPDX-License-Identifier: MIT
#pragma once

#include <nettle/sha2.h>

#include <string>
#include <string_view>

namespace wayferry {

/// SHA-256, the checksum that OCI images and sha256sum(1) use.
class Digest {
 public:
  Digest();
  void add(std::string_view bytes);
  /// 64 hex digits of all that was added; starts anew.
  std::string hex();

 private:
  sha256_ctx state_{};
};

std::string digest_of(std::string_view bytes);

}  // namespace wayferry
