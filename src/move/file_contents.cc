// SPDX-License-Identifier: MIT
#include "move/file_contents.h"

#include <unistd.h>

#include <array>

#include "util/error.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace wayferry {

ContentsDigest read_contents(int file, const std::string& path,
                             const std::function<bool(std::string_view block)>& take) {
  XXH3_state_t state;
  XXH3_128bits_reset(&state);
  std::array<char, 65536> block;
  while (true) {
    const auto n =
        static_cast<size_t>(check("read", ::read(file, block.data(), block.size()), path));
    if (n == 0) break;
    XXH3_128bits_update(&state, block.data(), n);
    if (!take({block.data(), n})) break;
  }
  const XXH128_hash_t digest = XXH3_128bits_digest(&state);
  return {.low = digest.low64, .high = digest.high64};
}

}  // namespace wayferry
