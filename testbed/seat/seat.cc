// SPDX-License-Identifier: MIT
#include "seat.h"

#include <linux/input-event-codes.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wayland-client.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <format>
#include <ranges>
#include <stdexcept>
#include <string>
#include <system_error>

#include "input-method-client-protocol.h"
#include "virtual-keyboard-client-protocol.h"
#include "virtual-pointer-client-protocol.h"

namespace lab {

namespace {

// xkb codes are evdev codes plus this, since X11.
constexpr std::uint32_t kEvdevOffset = 8;

// What one step of a usual mouse wheel scrolls, in surface coordinates.
constexpr int kWheelStep = 15;

std::uint32_t now() {
  const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(since_boot).count());
}

std::uint32_t button_code(std::string_view name) {
  if (name == "left") return BTN_LEFT;
  if (name == "right") return BTN_RIGHT;
  if (name == "middle") return BTN_MIDDLE;
  throw std::runtime_error{
      std::format("no mouse button '{}'; there are left, right and middle", name)};
}

int file_with(const std::string& text) {
  const int fd = memfd_create("lab-seat-keymap", MFD_CLOEXEC);
  if (fd < 0) throw std::system_error{errno, std::generic_category(), "memfd_create"};
  const auto size = static_cast<ssize_t>(text.size() + 1);
  if (write(fd, text.c_str(), static_cast<std::size_t>(size)) != size) {
    throw std::system_error{errno, std::generic_category(), "writing the keymap"};
  }
  return fd;
}

}  // namespace

// libwayland's callbacks, and the only code that sees the void pointer.
struct Listeners {
  static void global(void* data, wl_registry* registry, std::uint32_t name, const char* interface,
                     std::uint32_t) {
    auto& seat = *static_cast<Seat*>(data);
    const auto bind = [&]<typename T>(T*& slot, const wl_interface& wanted) {
      if (slot == nullptr && std::string_view{interface} == wanted.name) {
        slot = static_cast<T*>(wl_registry_bind(registry, name, &wanted, 1));
      }
    };
    bind(seat.seat_, wl_seat_interface);
    bind(seat.output_, wl_output_interface);
    bind(seat.methods_, zwp_input_method_manager_v2_interface);
    bind(seat.keyboards_, zwp_virtual_keyboard_manager_v1_interface);
    bind(seat.pointers_, zwlr_virtual_pointer_manager_v1_interface);
  }
  static void global_remove(void*, wl_registry*, std::uint32_t) {}

  static void geometry(void*, wl_output*, int, int, int, int, int, const char*, const char*, int) {}
  static void mode(void* data, wl_output*, std::uint32_t flags, int width, int height, int) {
    if ((flags & WL_OUTPUT_MODE_CURRENT) == 0) return;
    auto& seat = *static_cast<Seat*>(data);
    seat.width_ = width;
    seat.height_ = height;
  }
};

namespace {

constexpr wl_registry_listener kRegistryListener{.global = Listeners::global,
                                                 .global_remove = Listeners::global_remove};
constexpr wl_output_listener kOutputListener{.geometry = Listeners::geometry,
                                             .mode = Listeners::mode,
                                             .done = {},
                                             .scale = {},
                                             .name = {},
                                             .description = {}};

}  // namespace

void Seat::Disconnect::operator()(wl_display* display) const {
  wl_display_disconnect(display);
}

Seat::Seat() : display_{wl_display_connect(nullptr)} {
  if (!display_)
    throw std::system_error{errno, std::generic_category(), "connecting to the compositor"};
  bind_globals();
  make_keyboard();
  pointer_ = zwlr_virtual_pointer_manager_v1_create_virtual_pointer(pointers_, seat_);
  settle();
}

Seat::~Seat() = default;

void Seat::bind_globals() {
  wl_registry_add_listener(wl_display_get_registry(display_.get()), &kRegistryListener, this);
  settle();
  if (seat_ == nullptr || output_ == nullptr)
    throw std::runtime_error{"the compositor has no seat or no output"};
  if (keyboards_ == nullptr || pointers_ == nullptr) {
    throw std::runtime_error{"the compositor offers no virtual keyboard or pointer; sway does"};
  }
  wl_output_add_listener(output_, &kOutputListener, this);
  settle();
}

void Seat::make_keyboard() {
  keyboard_ = zwp_virtual_keyboard_manager_v1_create_virtual_keyboard(keyboards_, seat_);
  const auto text = keymap_.text();
  const int fd = file_with(text);
  zwp_virtual_keyboard_v1_keymap(keyboard_, WL_KEYBOARD_KEYMAP_FORMAT_XKB_V1, fd,
                                 static_cast<std::uint32_t>(text.size() + 1));
  settle();
  close(fd);
}

void Seat::stroke(xkb_keycode_t key, bool down) {
  zwp_virtual_keyboard_v1_key(
      keyboard_, now(), key - kEvdevOffset,
      down ? WL_KEYBOARD_KEY_STATE_PRESSED : WL_KEYBOARD_KEY_STATE_RELEASED);
  // wlroots leaves it to the client to say what a key did to the modifiers.
  const auto mods = keymap_.update(key, down);
  zwp_virtual_keyboard_v1_modifiers(keyboard_, mods.depressed, mods.latched, mods.locked,
                                    mods.group);
}

// Settles after each character: a burst of thousands of events would overrun the application's
// socket, and the compositor would cut it off.
void Seat::type(std::string_view text) {
  const auto shift = keymap_.chord("shift").front();
  for (const auto& [key, shifted] : keymap_.strokes(text)) {
    if (shifted) stroke(shift, true);
    stroke(key, true);
    stroke(key, false);
    if (shifted) stroke(shift, false);
    settle();
  }
}

void Seat::key(std::string_view chord) {
  hold(chord);
  lift(chord);
}

void Seat::hold(std::string_view chord) {
  for (const auto key : keymap_.chord(chord)) stroke(key, true);
  settle();
}

void Seat::lift(std::string_view chord) {
  const auto keys = keymap_.chord(chord);
  for (const auto key : keys | std::views::reverse) stroke(key, false);
  settle();
}

void Seat::point(int x, int y) {
  const auto inside = [](int at, int extent) {
    return static_cast<std::uint32_t>(std::clamp(at, 0, extent));
  };
  zwlr_virtual_pointer_v1_motion_absolute(pointer_, now(), inside(x, width_), inside(y, height_),
                                          static_cast<std::uint32_t>(width_),
                                          static_cast<std::uint32_t>(height_));
  zwlr_virtual_pointer_v1_frame(pointer_);
  settle();
}

void Seat::button(std::string_view name, bool down) {
  zwlr_virtual_pointer_v1_button(
      pointer_, now(), button_code(name),
      down ? WL_POINTER_BUTTON_STATE_PRESSED : WL_POINTER_BUTTON_STATE_RELEASED);
  zwlr_virtual_pointer_v1_frame(pointer_);
  settle();
}

void Seat::press(std::string_view button_name) {
  button(button_name, true);
}

void Seat::release(std::string_view button_name) {
  button(button_name, false);
}

void Seat::click(std::string_view button_name) {
  press(button_name);
  release(button_name);
}

void Seat::scroll(int steps) {
  zwlr_virtual_pointer_v1_axis_source(pointer_, WL_POINTER_AXIS_SOURCE_WHEEL);
  zwlr_virtual_pointer_v1_axis_discrete(pointer_, now(), WL_POINTER_AXIS_VERTICAL_SCROLL,
                                        wl_fixed_from_int(steps * kWheelStep), steps);
  zwlr_virtual_pointer_v1_frame(pointer_);
  settle();
}

void Seat::method(bool there) {
  if (methods_ == nullptr) throw std::runtime_error{"the compositor takes no input method"};
  method_.reset();
  if (there) method_.emplace(methods_, seat_);
  settle();
}

void Seat::demand_field() {
  settle();
  if (!method_) throw std::runtime_error{"the seat has no input method"};
  if (!method_->active()) throw std::runtime_error{"no field wants text"};
}

void Seat::commit(const std::string& text) {
  demand_field();
  method_->commit(text);
  settle();
}

int Seat::fd() const {
  return wl_display_get_fd(display_.get());
}

void Seat::dispatch() {
  if (wl_display_dispatch(display_.get()) < 0) throw CompositorGone{"the compositor has gone"};
}

void Seat::settle() {
  if (wl_display_roundtrip(display_.get()) < 0) throw CompositorGone{"the compositor has gone"};
}

}  // namespace lab
