// SPDX-License-Identifier: MIT
#include "monitor/cursor_theme.h"

#include <dlfcn.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <span>
#include <string_view>

namespace wayferry {
namespace {

// libXcursor's, as Xcursor/Xcursor.h has it since 2002; that header needs those of libX11.
struct XcursorImage {
  uint32_t version;
  uint32_t size;
  uint32_t width;
  uint32_t height;
  uint32_t xhot;
  uint32_t yhot;
  uint32_t delay;
  uint32_t* pixels;
};

struct Library {
  XcursorImage* (*load)(const char* file, const char* theme, int size) = nullptr;
  void (*destroy)(XcursorImage*) = nullptr;
};

Library open_library() {
  void* handle = ::dlopen("libXcursor.so.1", RTLD_NOW | RTLD_LOCAL);
  Library library;
  if (handle) {
    library.load =
        reinterpret_cast<decltype(Library::load)>(::dlsym(handle, "XcursorLibraryLoadImage"));
    library.destroy =
        reinterpret_cast<decltype(Library::destroy)>(::dlsym(handle, "XcursorImageDestroy"));
  }
  if (library.load && library.destroy) return library;
  spdlog::info("pointers are not drawn: libXcursor.so.1 is not there");
  return {};
}

// By the shape's number: its name, which is that of CSS (cursor-shape-v1.xml), and what themes that
// are older than those names call it.
using Names = std::array<const char*, 3>;
constexpr std::array names = {
    Names{},
    Names{"default", "left_ptr"},
    Names{"context-menu"},
    Names{"help", "question_arrow", "whats_this"},
    Names{"pointer", "hand2", "hand1"},
    Names{"progress", "left_ptr_watch", "half-busy"},
    Names{"wait", "watch"},
    Names{"cell", "plus"},
    Names{"crosshair", "cross"},
    Names{"text", "xterm", "ibeam"},
    Names{"vertical-text", "xterm"},
    Names{"alias", "link", "dnd-link"},
    Names{"copy", "dnd-copy"},
    Names{"move", "dnd-move", "fleur"},
    Names{"no-drop", "dnd-none", "crossed_circle"},
    Names{"not-allowed", "crossed_circle", "forbidden"},
    Names{"grab", "openhand", "hand1"},
    Names{"grabbing", "closedhand", "fleur"},
    Names{"e-resize", "right_side"},
    Names{"n-resize", "top_side"},
    Names{"ne-resize", "top_right_corner"},
    Names{"nw-resize", "top_left_corner"},
    Names{"s-resize", "bottom_side"},
    Names{"se-resize", "bottom_right_corner"},
    Names{"sw-resize", "bottom_left_corner"},
    Names{"w-resize", "left_side"},
    Names{"ew-resize", "sb_h_double_arrow", "size_hor"},
    Names{"ns-resize", "sb_v_double_arrow", "size_ver"},
    Names{"nesw-resize", "fd_double_arrow", "size_bdiag"},
    Names{"nwse-resize", "bd_double_arrow", "size_fdiag"},
    Names{"col-resize", "sb_h_double_arrow", "split_h"},
    Names{"row-resize", "sb_v_double_arrow", "split_v"},
    Names{"all-scroll", "fleur", "size_all"},
    Names{"zoom-in"},
    Names{"zoom-out"},
    Names{"dnd-ask"},
    Names{"all-resize", "fleur", "size_all"},
};
constexpr uint32_t plain_shape = 1;

// Much more than any pointer needs, at a scale of 4 too.
constexpr uint32_t longest_side = 512;
constexpr uint32_t largest_size = 512;

std::optional<CursorImage> copy_of(const XcursorImage& from) {
  if (from.width == 0 || from.height == 0 || from.width > longest_side ||
      from.height > longest_side)
    return std::nullopt;
  const std::span<const uint32_t> pixels(from.pixels, size_t{from.width} * from.height);
  return CursorImage{.size = from.size,
                     .width = from.width,
                     .height = from.height,
                     .hot_x = std::min(from.xhot, from.width),
                     .hot_y = std::min(from.yhot, from.height),
                     .pixels = {pixels.begin(), pixels.end()}};
}

// Of an animation (wait, progress) the first picture: it says what it has to say, and a monitor has
// no clock to draw by.
std::optional<CursorImage> load(uint32_t shape, uint32_t size) {
  static const Library library = open_library();
  if (!library.load || shape >= names.size()) return std::nullopt;
  for (const char* name : names[shape]) {
    if (!name) break;
    const std::unique_ptr<XcursorImage, decltype(Library::destroy)> found(
        library.load(name, std::getenv("XCURSOR_THEME"), static_cast<int>(size)), library.destroy);
    if (!found) continue;
    if (auto image = copy_of(*found)) return image;
  }
  return std::nullopt;
}

std::optional<CursorImage> load_or_plain(uint32_t shape, uint32_t size) {
  if (auto image = load(shape, size)) return image;
  auto plain = load(plain_shape, size);
  if (!plain) spdlog::info("the cursor theme has no picture of the pointer's shape {}", shape);
  return plain;
}

}  // namespace

uint32_t CursorTheme::size() {
  constexpr uint32_t standard = 24;
  const char* wanted = std::getenv("XCURSOR_SIZE");
  if (!wanted) return standard;
  const std::string_view text(wanted);
  uint32_t size = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), size).ptr;
  const bool whole = end == text.data() + text.size();
  return whole && size > 0 && size <= largest_size ? size : standard;
}

const CursorImage* CursorTheme::image(uint32_t shape, uint32_t size) {
  // What apps ask for is a handful of shapes in one size or two.
  constexpr size_t most = 16;
  const std::pair key(shape, std::min(size, largest_size));
  auto at = loaded_.find(key);
  if (at == loaded_.end()) {
    if (loaded_.size() >= most) loaded_.clear();
    at = loaded_.emplace(key, load_or_plain(key.first, key.second)).first;
  }
  return at->second ? &*at->second : nullptr;
}

}  // namespace wayferry
