// SPDX-License-Identifier: MIT
//
// A plain us keymap and the way back through it: from a character to the key that types it.
// Compositors and applications that ignore a virtual keyboard's own map (nested KWin does) read the
// codes with a us map anyway, so the same code means the same letter everywhere. Knows nothing of
// Wayland.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <xkbcommon/xkbcommon.h>

namespace lab {

struct Modifiers {
  std::uint32_t depressed;
  std::uint32_t latched;
  std::uint32_t locked;
  std::uint32_t group;
};

// A key to press, by xkb code (evdev code + 8), with or without shift.
struct Stroke {
  xkb_keycode_t key;
  bool shift;
};

class Keymap {
 public:
  Keymap();

  // The map in the text form that goes over the wire.
  [[nodiscard]] std::string text() const;

  // The strokes for a text in UTF-8, "\n" being Return; throws std::runtime_error naming a
  // character that a us keyboard does not have.
  [[nodiscard]] std::vector<Stroke> strokes(std::string_view utf8) const;

  // The keys of a chord like "ctrl+shift+Return", in the order to press them.
  [[nodiscard]] std::vector<xkb_keycode_t> chord(std::string_view names) const;

  // Records a key going down or up, and tells the modifiers that follow from it.
  Modifiers update(xkb_keycode_t key, bool down);

 private:
  void index_keys();
  [[nodiscard]] const Stroke& find(xkb_keysym_t symbol, std::string_view what) const;

  std::unique_ptr<xkb_context, decltype(&xkb_context_unref)> context_;
  std::unique_ptr<xkb_keymap, decltype(&xkb_keymap_unref)> keymap_;
  std::unique_ptr<xkb_state, decltype(&xkb_state_unref)> state_;
  std::map<xkb_keysym_t, Stroke> by_symbol_;
};

}  // namespace lab
