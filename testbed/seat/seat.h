// SPDX-License-Identifier: MIT
//
// One virtual keyboard and one virtual pointer on one compositor, for as long as the object lives.
// They stay because a keyboard that comes and goes with each text loses keys, and because a
// headless compositor has no input device, so no seat that an application could bind, until
// somebody makes one.
//
// Every call returns after the compositor has processed what it sent, not before.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "input_method.h"
#include "keymap.h"

struct wl_display;
struct wl_output;
struct wl_registry;
struct wl_seat;
struct zwp_input_method_manager_v2;
struct zwlr_virtual_pointer_manager_v1;
struct zwlr_virtual_pointer_v1;
struct zwp_virtual_keyboard_manager_v1;
struct zwp_virtual_keyboard_v1;

namespace lab {

// The one error after which a seat is of no further use.
struct CompositorGone : std::runtime_error {
  using runtime_error::runtime_error;
};

class Seat {
 public:
  // Connects to the compositor that WAYLAND_DISPLAY names.
  Seat();
  ~Seat();
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;

  void type(std::string_view text);
  void key(std::string_view chord);
  // The two halves of it: whoever holds keys must lift them.
  void hold(std::string_view chord);
  void lift(std::string_view chord);
  // Pixels of the output from its upper left corner; what lies outside becomes the nearest inside.
  void point(int x, int y);
  void click(std::string_view button_name);
  void press(std::string_view button_name);
  void release(std::string_view button_name);
  // One step of the wheel; positive is down.
  void scroll(int steps);

  // Gives the seat an input method, or takes it away.
  void method(bool there);
  // Throws unless a text field wants text of the input method.
  void demand_field();
  void commit(const std::string& text);

  // Readable when the compositor has something to say, which includes its end.
  [[nodiscard]] int fd() const;
  // Reads and drops what it says; throws when it has gone.
  void dispatch();

 private:
  friend struct Listeners;

  void bind_globals();
  void make_keyboard();
  void stroke(xkb_keycode_t key, bool down);
  void button(std::string_view name, bool down);
  void settle();

  struct Disconnect {
    void operator()(wl_display* display) const;
  };
  // Proxies live and die with the connection.
  std::unique_ptr<wl_display, Disconnect> display_;
  Keymap keymap_;
  wl_seat* seat_ = nullptr;
  wl_output* output_ = nullptr;
  zwp_input_method_manager_v2* methods_ = nullptr;
  zwp_virtual_keyboard_manager_v1* keyboards_ = nullptr;
  zwlr_virtual_pointer_manager_v1* pointers_ = nullptr;
  zwp_virtual_keyboard_v1* keyboard_ = nullptr;
  zwlr_virtual_pointer_v1* pointer_ = nullptr;
  std::optional<InputMethod> method_;
  int width_ = 0;
  int height_ = 0;
};

}  // namespace lab
