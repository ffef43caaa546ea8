// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace wayferry {

/// XXH3's 128 bits over a file's contents. Whoever could make two files with the same is the app
/// itself, and would lose but its own data.
struct ContentsDigest {
  uint64_t low = 0;
  uint64_t high = 0;
  bool operator==(const ContentsDigest&) const = default;
};

/// Reads a file from where it stands to its end, or until `take` has had enough (false). `path` is
/// for the error, a SystemError.
ContentsDigest read_contents(int file, const std::string& path,
                             const std::function<bool(std::string_view block)>& take);

}  // namespace wayferry
