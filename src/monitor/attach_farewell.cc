// SPDX-License-Identifier: MIT
#include <algorithm>

#include "monitor/attach_parts.h"
#include "wire/opcodes.gen.h"

namespace wayferry {
namespace {

// Serials are ours; objects are those of the opening event; an object that is gone is null.
uint32_t closing_value(Connection& model, const Argument& arg, const Message& opening,
                       const Recorded& told) {
  if (arg.serial) return model.serials.own();
  if (arg.type != ArgType::object) return event_carry(opening).closing_argument;
  const Object& named = model.objects.at(slot_of(opening, told.body, arg.name));
  return named.life == Life::gone ? 0 : raw(named.app_id);
}

// Devices group their events: without a frame the app would wait with the leave.
void tell_frame(Relay& relay, const Object& object) {
  if (object.is(protocol::wl_pointer) && object.version >= 5)
    relay.tell(object, event::wl_pointer::frame, {});
  else if (object.is(protocol::zwp_tablet_tool_v2))
    relay.tell(object, event::zwp_tablet_tool_v2::frame, {0u});
}

void tell_closing(Relay& relay, const Object& object, const Recorded& told) {
  const Message& opening = object.interface->events[told.opcode];
  const EventCarry& carry = event_carry(opening);
  if (carry.rule == EventRule::null) return relay.tell(object, told.opcode, {0u});
  const auto opcode = static_cast<uint16_t>(carry.closing);
  std::vector<Word> values;
  for (const Argument& arg : object.interface->events[opcode].args)
    values.emplace_back(closing_value(relay.model(), arg, opening, told));
  relay.tell(object, opcode, values);
  tell_frame(relay, object);
}

std::set<Slot> shown_buffers(Objects& objects) {
  std::set<Slot> shown;
  objects.each_in_order([&](const Object& object) {
    if (!object.is(protocol::wl_surface) || object.life != Life::alive) return;
    for (const auto* records : {&object.log, &object.cached}) {
      const auto attach =
          std::ranges::find(*records, request::wl_surface::attach, &Recorded::group);
      if (attach != records->end())
        shown.insert(slot_of(object.interface->requests[attach->opcode], attach->body, "buffer"));
    }
  });
  return shown;
}

}  // namespace

void tell_farewell(Relay& relay) {
  Objects& objects = relay.model().objects;
  objects.each_in_order([&](Object& object) {
    for (const Recorded& told : std::exchange(object.told, {})) {
      tell_closing(relay, object, told);
      objects.let_go(object.interface->events[told.opcode], told);
    }
    relay.end_drag(object);
  });
  // These would never come back from the old compositor, and the app would starve.
  const std::set<Slot> shown = shown_buffers(objects);
  objects.each_in_order([&](Object& object) {
    if (!object.busy || shown.contains(object.slot)) return;
    object.busy = false;
    if (object.life == Life::alive) relay.tell(object, event::wl_buffer::release, {});
  });
}

}  // namespace wayferry
