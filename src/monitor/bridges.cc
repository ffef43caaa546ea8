// SPDX-License-Identifier: MIT
#include "monitor/bridges.h"

#include <algorithm>
#include <array>

#include "monitor/attach_parts.h"
#include "wire/opcodes.gen.h"

namespace wayferry {
namespace {

// Requests

// Where a surface has no `offset`, the offset is a part of `attach`, and each attach says it anew:
// so the surface's newest buffer is attached once more when the app has said all.
void owe_offset(Relay&, const Call& call) {
  call.object->owed_x = call.value("x").word;
  call.object->owed_y = call.value("y").word;
}

const Recorded* newest_attach(const Object& surface) {
  for (const auto* records : {&surface.pending, &surface.log}) {
    const auto at = std::ranges::find(*records, request::wl_surface::attach, &Recorded::opcode);
    if (at != records->end()) return &*at;
  }
  return nullptr;
}

void pay_offset(Relay& relay, const Call& call) {
  Object& surface = *call.object;
  const uint32_t x = std::exchange(surface.owed_x, 0);
  const uint32_t y = std::exchange(surface.owed_y, 0);
  const Recorded* attach = newest_attach(surface);
  if ((x == 0 && y == 0) || !attach) return;
  const Message& message = protocol::wl_surface.requests[request::wl_surface::attach];
  const Object* buffer = relay.model().objects.find(slot_of(message, attach->body, "buffer"));
  if (!buffer || buffer->inert()) return;
  relay.ask(surface, request::wl_surface::attach, {raw(buffer->compositor_id), x, y});
}

// In the surface's own measure the same damage would need its scale, transform and viewport.
void damage_everything(Relay& relay, const Call& call) {
  constexpr uint32_t everything = 0x7fffffff;
  relay.ask(*call.object, request::wl_surface::damage, {0u, 0u, everything, everything});
}

// It stays where it is, and the app hears that it got there.
void answer_reposition(Relay& relay, const Call& call) {
  const Object& popup = *call.object;
  relay.tell(popup, event::xdg_popup::repositioned, {call.value("token").word});
  if (popup.told_configure.empty()) return;  // its first configure is still to come
  relay.tell_body(popup, event::xdg_popup::configure, popup.told_configure);
  relay.tell(relay.model().objects.at(popup.maker), event::xdg_surface::configure,
             {relay.model().serials.own()});
}

struct RequestBridge {
  const Interface* interface;
  uint16_t request;
  uint32_t since;  ///< for compositors older than this
  void (*ask)(Relay&, const Call&);
};

const std::array request_bridges = {
    RequestBridge{&protocol::wl_surface, request::wl_surface::offset, 5, owe_offset},
    RequestBridge{&protocol::wl_surface, request::wl_surface::commit, 5, pay_offset},
    RequestBridge{&protocol::wl_surface, request::wl_surface::damage_buffer, 4, damage_everything},
    RequestBridge{&protocol::xdg_popup, request::xdg_popup::reposition, 3, answer_reposition},
};

// Events

void tell_frame(Relay& relay, const Call& call) {
  relay.tell(*call.object, event::wl_pointer::frame, {});
}

// A wheel's step is 120 of the finer unit.
void tell_value120(Relay& relay, const Call& call) {
  relay.tell(*call.object, event::wl_pointer::axis_value120,
             {call.value("axis").word, call.value("discrete").word * 120});
}

void tell_repeat(Relay& relay, const Call& call) {
  constexpr uint32_t rate = 25;  // a second, after 600 ms: what most compositors say
  relay.tell(*call.object, event::wl_keyboard::repeat_info, {rate, 600u});
}

void tell_output_scale(Relay& relay, const Call& call) {
  call.object->scale = 1;
  relay.tell(*call.object, event::wl_output::scale, {1u});
}

void tell_output_done(Relay& relay, const Call& call) {
  relay.tell(*call.object, event::wl_output::done, {});
}

// Once in an object's life, and the same for all objects of one output.
void tell_output_name(Relay& relay, const Call& call) {
  Object& output = *call.object;
  if (std::exchange(output.introduced, true)) return;
  const std::string name = "output-" + std::to_string(global_name(relay.model(), output));
  relay.tell(output, event::wl_output::name, {std::string_view(name)});
  relay.tell(output, event::wl_output::description, {std::string_view(name)});
}

// Since version 3 the output's `done` ends its xdg_output's news as well.
void tell_done_of_output(Relay& relay, const Call& call) {
  const Message& message = creation_request(relay.model(), *call.object);
  const Object& output =
      relay.model().objects.at(slot_of(message, call.object->creation.body, "output"));
  if (output.version >= 2) relay.tell(output, event::wl_output::done, {});
}

// What an older compositor can do it does not say, so a window may ask for everything, as it might
// have there. Before its first configure.
void tell_capabilities(Relay& relay, const Call& call) {
  if (!call.object->told_configure.empty() || std::exchange(call.object->introduced, true)) return;
  static constexpr std::array<uint32_t, 4> all = {1, 2, 3, 4};  // menu, maximize, fullscreen, …
  const std::string_view words(reinterpret_cast<const char*>(all.data()), sizeof all);
  relay.tell(*call.object, event::xdg_toplevel::wm_capabilities, {words});
}

struct EventBridge {
  const Interface* interface;
  uint16_t event;
  uint32_t since;  ///< the app's version is this or later, the compositor's older
  Moment moment;
  void (*tell)(Relay&, const Call&);
};

namespace pointer = event::wl_pointer;
const std::array event_bridges = {
    EventBridge{&protocol::wl_pointer, pointer::enter, 5, Moment::after, tell_frame},
    EventBridge{&protocol::wl_pointer, pointer::leave, 5, Moment::after, tell_frame},
    EventBridge{&protocol::wl_pointer, pointer::motion, 5, Moment::after, tell_frame},
    EventBridge{&protocol::wl_pointer, pointer::button, 5, Moment::after, tell_frame},
    EventBridge{&protocol::wl_pointer, pointer::axis, 5, Moment::after, tell_frame},
    EventBridge{&protocol::wl_pointer, pointer::axis_discrete, 8, Moment::instead, tell_value120},
    EventBridge{&protocol::wl_keyboard, event::wl_keyboard::keymap, 4, Moment::after, tell_repeat},
    EventBridge{&protocol::wl_output, event::wl_output::mode, 2, Moment::after, tell_output_scale},
    EventBridge{&protocol::wl_output, event::wl_output::mode, 2, Moment::after, tell_output_done},
    EventBridge{&protocol::wl_output, event::wl_output::done, 4, Moment::before, tell_output_name},
    EventBridge{&protocol::zxdg_output_v1, event::zxdg_output_v1::done, 3, Moment::instead,
                tell_done_of_output},
    EventBridge{&protocol::xdg_toplevel, event::xdg_toplevel::configure, 5, Moment::before,
                tell_capabilities},
};

}  // namespace

void bridge_request(Relay& relay, const Call& call) {
  for (const RequestBridge& bridge : request_bridges)
    if (call.object->is(*bridge.interface) && call.message->opcode == bridge.request &&
        call.object->compositor_version < bridge.since)
      bridge.ask(relay, call);
}

bool bridge_event(Relay& relay, const Call& call, Moment moment) {
  bool any = false;
  for (const EventBridge& bridge : event_bridges) {
    const Object& object = *call.object;
    if (!object.is(*bridge.interface) || call.message->opcode != bridge.event ||
        moment != bridge.moment || object.version < bridge.since ||
        object.compositor_version >= bridge.since)
      continue;
    bridge.tell(relay, call);
    any = true;
  }
  return any;
}

}  // namespace wayferry
