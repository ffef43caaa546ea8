// SPDX-License-Identifier: MIT
#include "input_method.h"

#include <stdexcept>

#include "input-method-client-protocol.h"

namespace lab {

// libwayland's callbacks, and the only code that sees the void pointer.
struct InputMethodListeners {
  static InputMethod& of(void* data) { return *static_cast<InputMethod*>(data); }

  static void activate(void* data, zwp_input_method_v2*) { of(data).wanted_ = true; }
  static void deactivate(void* data, zwp_input_method_v2*) { of(data).wanted_ = false; }
  static void surrounding_text(void*, zwp_input_method_v2*, const char*, std::uint32_t,
                               std::uint32_t) {}
  static void text_change_cause(void*, zwp_input_method_v2*, std::uint32_t) {}
  static void content_type(void*, zwp_input_method_v2*, std::uint32_t, std::uint32_t) {}
  static void done(void* data, zwp_input_method_v2*) {
    ++of(data).serial_;
    of(data).active_ = of(data).wanted_;
  }
  static void unavailable(void* data, zwp_input_method_v2*) { of(data).unavailable_ = true; }
};

namespace {

constexpr zwp_input_method_v2_listener kListener{
    .activate = InputMethodListeners::activate,
    .deactivate = InputMethodListeners::deactivate,
    .surrounding_text = InputMethodListeners::surrounding_text,
    .text_change_cause = InputMethodListeners::text_change_cause,
    .content_type = InputMethodListeners::content_type,
    .done = InputMethodListeners::done,
    .unavailable = InputMethodListeners::unavailable};

}  // namespace

void InputMethod::Destroy::operator()(zwp_input_method_v2* method) const {
  zwp_input_method_v2_destroy(method);
}

InputMethod::InputMethod(zwp_input_method_manager_v2* manager, wl_seat* seat)
    : method_{zwp_input_method_manager_v2_get_input_method(manager, seat)} {
  zwp_input_method_v2_add_listener(method_.get(), &kListener, this);
}

bool InputMethod::active() const {
  if (unavailable_) throw std::runtime_error{"the seat has another input method"};
  return active_;
}

void InputMethod::commit(const std::string& text) {
  if (!active()) throw std::runtime_error{"no field wants text"};
  zwp_input_method_v2_commit_string(method_.get(), text.c_str());
  zwp_input_method_v2_commit(method_.get(), serial_);
}

}  // namespace lab
