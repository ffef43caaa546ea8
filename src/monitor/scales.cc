// SPDX-License-Identifier: MIT
#include "monitor/scales.h"

#include <algorithm>

#include "wire/opcodes.gen.h"

namespace wayferry {
namespace {

constexpr uint32_t preferred_since = 6;  // wl_surface.preferred_buffer_scale
constexpr uint32_t whole = 120;          // wp_fractional_scale_v1 counts in these parts

bool stands_on(const Object& surface, Slot output) {
  return std::ranges::any_of(surface.told, [&](const Recorded& told) {
    return slot_of(protocol::wl_surface.events[told.opcode], told.body, "output") == output;
  });
}

uint32_t scale_of(Relay& relay, const Object& surface) {
  uint32_t scale = 1;
  for (const Recorded& told : surface.told) {
    const Message& message = protocol::wl_surface.events[told.opcode];
    const Object* output = relay.model().objects.find(slot_of(message, told.body, "output"));
    if (output) scale = std::max(scale, output->scale);
  }
  return scale;
}

void tell_scale(Relay& relay, const Object& surface) {
  if (surface.version >= preferred_since && surface.compositor_version < preferred_since)
    relay.tell(surface, event::wl_surface::preferred_buffer_scale, {surface.scale});
  for (const Slot slot : surface.dependents) {
    const Object& fractional = relay.model().objects.at(slot);
    if (fractional.is(protocol::wp_fractional_scale_v1) && fractional.inert())
      relay.tell(fractional, event::wp_fractional_scale_v1::preferred_scale,
                 {surface.scale * whole});
  }
}

}  // namespace

void follow_scale(Relay& relay, const Call& call) {
  Object& object = *call.object;
  const uint16_t opcode = call.message->opcode;
  if (object.is(protocol::wl_surface) &&
      (opcode == event::wl_surface::enter || opcode == event::wl_surface::leave)) {
    object.scale = scale_of(relay, object);
    tell_scale(relay, object);
  } else if (object.is(protocol::wl_output) && opcode == event::wl_output::done) {
    relay.model().objects.each_in_order([&](Object& surface) {
      if (!surface.is(protocol::wl_surface) || !stands_on(surface, object.slot)) return;
      const uint32_t scale = scale_of(relay, surface);
      if (std::exchange(surface.scale, scale) != scale) tell_scale(relay, surface);
    });
  }
}

}  // namespace wayferry
