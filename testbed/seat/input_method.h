// SPDX-License-Identifier: MIT
//
// An input method that a test can drive: it knows whether a text field wants text, and gives it
// some. Compositors tell fields of an input method only while there is one, and apps behave
// differently then, so the seat has one only while a test wants it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

struct wl_seat;
struct zwp_input_method_manager_v2;
struct zwp_input_method_v2;

namespace lab {

class InputMethod {
 public:
  InputMethod(zwp_input_method_manager_v2* manager, wl_seat* seat);
  InputMethod(const InputMethod&) = delete;
  InputMethod& operator=(const InputMethod&) = delete;

  // As of the last `done`. Throws if the seat has another input method already.
  [[nodiscard]] bool active() const;
  // Gives the field a text; there must be one.
  void commit(const std::string& text);

 private:
  friend struct InputMethodListeners;

  struct Destroy {
    void operator()(zwp_input_method_v2* method) const;
  };
  std::unique_ptr<zwp_input_method_v2, Destroy> method_;
  bool wanted_ = false;  // not yet in force
  bool active_ = false;
  bool unavailable_ = false;
  std::uint32_t serial_ = 0;
};

}  // namespace lab
