// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

// The pictures of pointers, from the Xcursor theme that the monitor's own environment names
// (XCURSOR_PATH, XCURSOR_THEME, XCURSOR_SIZE), as any toolkit would take them. A theme that is not
// there, is damaged or lacks a shape gives no picture; nothing here fails.
//
// Knows nothing of Wayland. libXcursor is opened when the first picture is wanted: most monitors
// never want one, and linked it would map all of libX11 into each of them.

namespace wayferry {

struct CursorImage {
  uint32_t size = 0;  ///< what the theme calls it, which is less than its width, often
  uint32_t width = 0;
  uint32_t height = 0;
  uint32_t hot_x = 0;
  uint32_t hot_y = 0;
  std::vector<uint32_t> pixels;  ///< premultiplied ARGB, row by row
};

class CursorTheme {
 public:
  /// The size in the user's measure, of a scale of 1.
  static uint32_t size();

  /// A shape of wp_cursor_shape_device_v1.shape in about this size; where the theme does not have
  /// it, its plain pointer; null without that. Good until the next call.
  const CursorImage* image(uint32_t shape, uint32_t size);

 private:
  std::map<std::pair<uint32_t, uint32_t>, std::optional<CursorImage>> loaded_;
};

}  // namespace wayferry
