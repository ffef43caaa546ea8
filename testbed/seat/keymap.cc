// SPDX-License-Identifier: MIT
#include "keymap.h"

#include <cstdlib>
#include <cwchar>
#include <format>
#include <stdexcept>

namespace lab {

namespace {

constexpr xkb_level_index_t kPlain = 0;
constexpr xkb_level_index_t kShifted = 1;

xkb_keymap* compile_us(xkb_context* context) {
  const xkb_rule_names names{
      .rules = "evdev", .model = "pc105", .layout = "us", .variant = "", .options = ""};
  return xkb_keymap_new_from_names(context, &names, XKB_KEYMAP_COMPILE_NO_FLAGS);
}

xkb_keysym_t symbol_of(char32_t character) {
  switch (character) {
    case U'\n':
      return XKB_KEY_Return;
    case U'\t':
      return XKB_KEY_Tab;
    case U'\b':
      return XKB_KEY_BackSpace;
    default:
      return xkb_utf32_to_keysym(character);
  }
}

// What people write for the modifier keys, and what xkb calls them.
std::string symbol_name(std::string_view name) {
  if (name == "ctrl") return "Control_L";
  if (name == "shift") return "Shift_L";
  if (name == "alt") return "Alt_L";
  if (name == "super") return "Super_L";
  return std::string{name};
}

}  // namespace

Keymap::Keymap()
    : context_{xkb_context_new(XKB_CONTEXT_NO_FLAGS), xkb_context_unref},
      keymap_{context_ ? compile_us(context_.get()) : nullptr, xkb_keymap_unref},
      state_{keymap_ ? xkb_state_new(keymap_.get()) : nullptr, xkb_state_unref} {
  if (!state_) throw std::runtime_error{"cannot compile the us keymap; is xkb-data installed?"};
  index_keys();
}

std::string Keymap::text() const {
  char* raw = xkb_keymap_get_as_string(keymap_.get(), XKB_KEYMAP_FORMAT_TEXT_V1);
  if (raw == nullptr) throw std::runtime_error{"cannot write the us keymap as text"};
  std::string text{raw};
  std::free(raw);
  return text;
}

// The first key and the lower level win, so that "1" is the key above q and not the keypad's.
void Keymap::index_keys() {
  for (const xkb_level_index_t level : {kPlain, kShifted}) {
    for (auto key = xkb_keymap_min_keycode(keymap_.get());
         key <= xkb_keymap_max_keycode(keymap_.get()); ++key) {
      const xkb_keysym_t* symbols = nullptr;
      if (xkb_keymap_key_get_syms_by_level(keymap_.get(), key, 0, level, &symbols) == 1) {
        by_symbol_.try_emplace(symbols[0], Stroke{.key = key, .shift = level == kShifted});
      }
    }
  }
}

const Stroke& Keymap::find(xkb_keysym_t symbol, std::string_view what) const {
  const auto found = by_symbol_.find(symbol);
  if (found == by_symbol_.end())
    throw std::runtime_error{std::format("a us keyboard has no key for '{}'", what)};
  return found->second;
}

std::vector<Stroke> Keymap::strokes(std::string_view utf8) const {
  std::vector<Stroke> strokes;
  std::mbstate_t state{};
  while (!utf8.empty()) {
    wchar_t character = 0;
    const std::size_t used = std::mbrtowc(&character, utf8.data(), utf8.size(), &state);
    if (used == 0 || used > utf8.size())
      throw std::runtime_error{"the text to type is not valid UTF-8"};
    strokes.push_back(find(symbol_of(static_cast<char32_t>(character)), utf8.substr(0, used)));
    utf8.remove_prefix(used);
  }
  return strokes;
}

std::vector<xkb_keycode_t> Keymap::chord(std::string_view names) const {
  std::vector<xkb_keycode_t> keys;
  while (!names.empty()) {
    const auto name = names.substr(0, names.find('+', 1));
    const auto symbol = xkb_keysym_from_name(symbol_name(name).c_str(), XKB_KEYSYM_NO_FLAGS);
    keys.push_back(find(symbol, name).key);
    names.remove_prefix(std::min(name.size() + 1, names.size()));
  }
  return keys;
}

Modifiers Keymap::update(xkb_keycode_t key, bool down) {
  xkb_state_update_key(state_.get(), key, down ? XKB_KEY_DOWN : XKB_KEY_UP);
  const auto mods = [this](xkb_state_component part) {
    return xkb_state_serialize_mods(state_.get(), part);
  };
  return {.depressed = mods(XKB_STATE_MODS_DEPRESSED),
          .latched = mods(XKB_STATE_MODS_LATCHED),
          .locked = mods(XKB_STATE_MODS_LOCKED),
          .group = xkb_state_serialize_layout(state_.get(), XKB_STATE_LAYOUT_EFFECTIVE)};
}

}  // namespace lab
