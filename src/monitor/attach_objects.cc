// SPDX-License-Identifier: MIT
#include <algorithm>
#include <ranges>

#include "monitor/attach_parts.h"
#include "wire/opcodes.gen.h"

namespace wayferry {
namespace {

std::string name_of(const Object& object) {
  return std::string(object.interface->name) + "@" + std::to_string(raw(object.app_id));
}

// wl_seat.capability: pointer 1, keyboard 2, touch 4.
uint32_t needed_capability(const Object& device) {
  if (device.is(protocol::wl_pointer)) return 1;
  return device.is(protocol::wl_keyboard) ? 2 : 4;
}

}  // namespace

const Message& creation_request(Connection& model, const Object& object) {
  return model.objects.at(object.maker).interface->requests[object.creation.opcode];
}

uint32_t global_name(Connection& model, const Object& object) {
  if (object.maker == Slot::none || !model.objects.at(object.maker).is(protocol::wl_registry))
    return 0;
  const Message& bind = creation_request(model, object);
  Decoded decoded;
  decode(bind, bytes_of(object.creation.body), decoded);
  return value_of(bind, decoded, "name").word;
}

bool is_frame_callback(Connection& model, const Object& object) {
  return object.maker != Slot::none && model.objects.at(object.maker).is(protocol::wl_surface) &&
         object.creation.opcode == request::wl_surface::frame;
}

struct ObjectBuilder::Step {
  uint64_t sequence;
  Object* object;
  const Recorded* request;  // null: the object is made
};

void ObjectBuilder::build() {
  std::vector<Step> steps;
  for (Object* object : objects_.in_order()) {
    if (object->slot == Slot::display || (object->life != Life::alive && object->strong == 0))
      continue;
    if (const auto when = late(*object)) {
      late_.emplace(std::pair(*when, object->surface), object->slot);
      continue;
    }
    steps.push_back({object->creation.sequence, object, nullptr});
    for (const Recorded& recorded : object->log)
      if (request_carry(object->interface->requests[recorded.opcode]).rule != RequestRule::pending)
        steps.push_back({recorded.sequence, object, &recorded});
  }
  std::ranges::stable_sort(steps, {}, &Step::sequence);
  for (const Step& step : steps) {
    if (!step.request)
      make(*step.object);
    else if (!step.object->inert())
      relay_.ask_recorded(*step.object, *step.request);
  }
}

std::optional<Late> ObjectBuilder::late(const Object& object) {
  if (traits_of(*object.interface).lingers) return behind_lingering(object);
  const Object* parent = object.is(protocol::wl_subsurface) && object.life == Life::alive
                             ? objects_.find(object.surface)
                             : nullptr;
  if (!parent || !std::ranges::contains(parent->stack, object.role) ||
      std::ranges::contains(parent->stack_now, object.role))
    return std::nullopt;
  return std::ranges::contains(parent->stack_cached, object.role) ? Late::committed
                                                                  : Late::asked_for;
}

// A surface has one object of a kind: the next is made when the last is destroyed.
std::optional<Late> ObjectBuilder::behind_lingering(const Object& object) {
  const Object* surface = objects_.find(object.surface);
  if (!surface) return std::nullopt;
  const auto before = [&](Slot slot) {
    const Object& other = objects_.at(slot);
    return other.is(*object.interface) && other.creation.sequence < object.creation.sequence;
  };
  if (std::ranges::any_of(surface->lingering, before)) return Late::asked_for;
  if (std::ranges::any_of(surface->lingering_cached, before)) return Late::committed;
  return std::nullopt;
}

void ObjectBuilder::end_lingering(const std::vector<Slot>& lingering) {
  for (const Slot slot : lingering) {
    Object& object = objects_.at(slot);
    if (object.inert()) continue;
    relay_.ask(object, destructor_of(*object.interface)->opcode, {});
    ended_.insert(slot);  // it keeps its number while the compositor may still speak of it
  }
}

void ObjectBuilder::build_late(Late late, Slot parent) {
  const auto [begin, end] = late_.equal_range({late, parent});
  for (const auto& [key, slot] : std::ranges::subrange(begin, end)) {
    Object& object = objects_.at(slot);
    make(object);
    for (const Recorded& recorded : object.log)
      if (request_carry(object.interface->requests[recorded.opcode]).rule != RequestRule::pending)
        relay_.ask_recorded(object, recorded);
  }
}

void ObjectBuilder::make(Object& object) {
  if (object.is(protocol::wl_registry)) return;
  // Made by the old compositor's events: no other can make the same.
  if (object.by_event) return inert_.push_back(object.slot);
  if (is_frame_callback(model_, object)) return;  // with its surface's commit
  Object& maker = objects_.at(object.maker);
  if (maker.is(protocol::wl_registry)) return make_global(object);
  if (request_carry(creation_request(model_, object)).rule == RequestRule::dismiss)
    return dismissed_.push_back(object.slot);
  if (maker.is(protocol::wl_seat) && !seat_can_make(object, maker))
    return reasons_.push_back(name_of(object) + ": the seat has no such device here");
  if (object.is(protocol::xdg_popup) && had_grab(object)) return inert_.push_back(object.slot);
  // Without its popup it would be a window without a role, of which every commit is an error.
  if (object.is(protocol::xdg_surface) && loses_popup(object)) return inert_.push_back(object.slot);
  if (!relay_.ask_recorded(maker, object.creation, &object))
    make_inert(object, "what it was made from is not there");
}

// A grab needs a serial of this compositor; without it the popup would never close by itself. What
// hangs on such a popup goes with it.
bool ObjectBuilder::loses_popup(const Object& window) {
  for (const Slot slot : objects_.at(window.surface).dependents) {
    const Object& popup = objects_.at(slot);
    if (!popup.is(protocol::xdg_popup) || popup.maker != window.slot) continue;
    const Slot parent = slot_of(creation_request(model_, popup), popup.creation.body, "parent");
    if (had_grab(popup)) return true;
    if (parent == Slot::none) return false;
    // An app may make the popup's window before its parent's: that one's turn comes later.
    const Object& under = objects_.at(parent);
    const bool later = under.creation.sequence > window.creation.sequence;
    return later ? loses_popup(under) : under.inert();
  }
  return false;
}

bool ObjectBuilder::had_grab(const Object& popup) {
  return std::ranges::contains(popup.log, request::xdg_popup::grab, &Recorded::opcode);
}

void ObjectBuilder::make_global(Object& object) {
  const VirtualGlobal* global = model_.global_by_name(global_name(model_, object));
  if (global) relay_.bind_at_compositor(object, *global);
  if (object.inert()) make_inert(object, "this compositor has no such global");
}

void ObjectBuilder::make_inert(Object& object, const std::string& reason) {
  reasons_.push_back(name_of(object) + ": " + reason);
  inert_.push_back(object.slot);
}

// To ask a seat for a device that it lacks is a fatal error; what it has, it says in an event after
// it was bound, so that is waited for once a seat.
bool ObjectBuilder::seat_can_make(const Object& device, const Object& seat) {
  if (seat.inert()) return false;
  if (asked_seats_.insert(seat.slot).second) relay_.round_trip(end_);
  return (seat.capabilities & needed_capability(device)) != 0;
}

void ObjectBuilder::destroy_makers() {
  for (Object* object : objects_.in_order() | std::views::reverse) {
    if (object->life == Life::alive || object->inert() || ended_.contains(object->slot)) continue;
    if (const Message* destructor = destructor_of(*object->interface))
      relay_.ask(*object, destructor->opcode, {});
  }
}

void ObjectBuilder::dismiss_and_release() {
  for (const Slot slot : dismissed_) {
    Object& object = objects_.at(slot);
    if (object.life != Life::alive) continue;
    const auto opcode =
        static_cast<uint16_t>(request_carry(creation_request(model_, object)).dismissal);
    relay_.tell(object, opcode, {});
    if (!object.interface->events[opcode].destructor) continue;
    objects_.end(object);
    relay_.release(object);
  }
  for (const Slot slot : inert_)
    if (Object* object = objects_.find(slot)) relay_.tell_inert(*object);
  objects_.each_in_order([&](Object& object) {
    // Frame callbacks of what cannot be shown fire once, or the app would wait for ever.
    if (object.life == Life::alive && object.inert() && is_frame_callback(model_, object))
      relay_.tell_inert(object);
    else if (object.life == Life::destroyed && object.inert())
      relay_.release(object);  // the old compositor owed it a delete_id
  });
}

}  // namespace wayferry
