// SPDX-License-Identifier: MIT
#include "model/objects.h"

#include "model/recorded.h"
#include "util/error.h"
#include "wire/opcodes.gen.h"

namespace wayferry {
namespace {

// Both id ranges are dense, so a vector is the map; `first` is the number of its element 0.
Slot lookup(const std::vector<Slot>& map, uint32_t id, uint32_t first) {
  const size_t index = id - first;
  return index < map.size() ? map[index] : Slot::none;
}

void store(std::vector<Slot>& map, uint32_t id, uint32_t first, Slot slot) {
  const size_t index = id - first;
  if (index >= map.size()) map.resize(index + 1, Slot::none);
  map[index] = slot;
}

constexpr uint32_t first_server = raw(AppId::first_server);

}  // namespace

Objects::Objects() {
  slots_.emplace_back();  // slot 0 names nothing
  make(protocol::wl_display, 1, AppId::display);
  set_compositor_id(display(), CompositorId::display);
}

Object& Objects::at(Slot slot) {
  Object* object = find(slot);
  CHECK(object);
  return *object;
}

Object* Objects::find(Slot slot) {
  return raw(slot) < slots_.size() ? slots_[raw(slot)].get() : nullptr;
}

Object* Objects::by_app(AppId id) {
  return raw(id) >= first_server ? find(lookup(app_server_ids_, raw(id), first_server))
                                 : find(lookup(app_ids_, raw(id), 0));
}

Object* Objects::by_compositor(CompositorId id) {
  return raw(id) >= first_server ? find(lookup(compositor_server_ids_, raw(id), first_server))
                                 : find(lookup(compositor_ids_, raw(id), 0));
}

Object& Objects::place(size_t index, const Interface& interface, uint32_t version, AppId id) {
  auto object = std::make_unique<Object>();
  object->slot = Slot{static_cast<uint32_t>(index)};
  object->interface = &interface;
  object->version = version;
  object->compositor_version = version;
  object->app_id = id;
  if (id == AppId::none)
    object->life = Life::gone;
  else if (raw(id) >= first_server)
    store(app_server_ids_, raw(id), first_server, object->slot);
  else
    store(app_ids_, raw(id), 0, object->slot);
  ++live_;
  return *(slots_[index] = std::move(object));
}

Object& Objects::make(const Interface& interface, uint32_t version, AppId id) {
  size_t index = slots_.size();
  if (free_slots_.empty()) {
    slots_.emplace_back();
  } else {
    index = raw(free_slots_.back());
    free_slots_.pop_back();
  }
  return place(index, interface, version, id);
}

Object& Objects::make_at(Slot slot, const Interface& interface, uint32_t version, AppId id) {
  // Slots are given densely, so a state file that skips most of them is not one of ours.
  constexpr uint32_t most = 1u << 24;
  if (slot == Slot::none || raw(slot) > most || find(slot) || (id != AppId::none && by_app(id)))
    throw ProtocolError(
        "state, object in slot " + std::to_string(raw(slot)),
        "the slot or the app's id " + std::to_string(raw(id)) + " is taken or impossible");
  while (slots_.size() <= raw(slot)) {
    free_slots_.push_back(Slot{static_cast<uint32_t>(slots_.size())});
    slots_.emplace_back();
  }
  std::erase(free_slots_, slot);
  return place(raw(slot), interface, version, id);
}

void Objects::raise_app_id_end(uint32_t end) {
  if (end > app_ids_.size()) app_ids_.resize(end, Slot::none);
}

bool Objects::may_take(AppId id) const {
  return id != AppId::none && raw(id) < first_server && raw(id) <= app_ids_.size() &&
         lookup(app_ids_, raw(id), 0) == Slot::none;
}

bool Objects::may_come(CompositorId id) const {
  return raw(id) >= first_server && raw(id) - first_server <= compositor_server_ids_.size() &&
         lookup(compositor_server_ids_, raw(id), first_server) == Slot::none;
}

AppId Objects::next_server_id() {
  size_t index = 0;
  while (index < app_server_ids_.size() && app_server_ids_[index] != Slot::none) ++index;
  return AppId{static_cast<uint32_t>(first_server + index)};
}

void Objects::set_compositor_id(Object& object, CompositorId id) {
  if (object.compositor_id != CompositorId::none) {
    const uint32_t old = raw(object.compositor_id);
    const bool server = old >= first_server;
    auto& map = server ? compositor_server_ids_ : compositor_ids_;
    const uint32_t first = server ? first_server : 0;
    if (lookup(map, old, first) == object.slot) store(map, old, first, Slot::none);
  }
  object.compositor_id = id;
  if (id == CompositorId::none) return;
  if (raw(id) >= first_server)
    store(compositor_server_ids_, raw(id), first_server, object.slot);
  else
    store(compositor_ids_, raw(id), 0, object.slot);
}

void Objects::clear_compositor_ids() {
  compositor_ids_.clear();
  compositor_server_ids_.clear();
  for (auto& object : slots_)
    if (object) object->compositor_id = CompositorId::none;
  set_compositor_id(display(), CompositorId::display);
}

void Objects::release_app_id(Object& object) {
  const uint32_t id = raw(object.app_id);
  if (id >= first_server)
    store(app_server_ids_, id, first_server, Slot::none);
  else if (object.app_id != AppId::none)
    store(app_ids_, id, 0, Slot::none);
  object.life = Life::gone;
  free_if_unused(object);
}

void Objects::end(Object& object) {
  CHECK(object.life == Life::alive);
  object.life = Life::destroyed;
  if (Object* surface = find(object.surface)) std::erase(surface->dependents, object.slot);
  free_if_unused(object);
}

void Objects::keep(const Message& message, const Recorded& recorded) {
  for_each_object(message, recorded.body, [&](uint32_t slot, uint32_t /*offset*/) {
    change_count(Slot{slot}, recorded.strong, 1);
  });
}

void Objects::let_go(const Message& message, const Recorded& recorded) {
  for_each_object(message, recorded.body, [&](uint32_t slot, uint32_t /*offset*/) {
    change_count(Slot{slot}, recorded.strong, -1);
  });
}

void Objects::keep_maker(Object& object) {
  change_count(object.maker, true, 1);
}

void Objects::change_count(Slot slot, bool strong, int change) {
  Object& object = at(slot);
  uint32_t& count = strong ? object.strong : object.weak;
  CHECK(change > 0 || count > 0);
  count += static_cast<uint32_t>(change);
  if (change < 0) free_if_unused(object);
}

void Objects::clear_records(Object& object) {
  const auto clear = [&](std::vector<Recorded>& records, std::span<const Message> messages) {
    for (const Recorded& recorded : std::exchange(records, {}))
      let_go(messages[recorded.opcode], recorded);
  };
  clear(object.log, object.interface->requests);
  clear(object.cached, object.interface->requests);
  clear(object.pending, object.interface->requests);
  clear(object.focus, object.interface->requests);
  clear(object.told, object.interface->events);
}

// Records are dropped as soon as nobody needs the object rebuilt, which also breaks circles of
// records; the slot is free when nobody names it.
void Objects::free_if_unused(Object& object) {
  if (object.life == Life::alive || object.strong > 0) return;
  // Held while its records go: what they let go may be what named this object.
  ++object.weak;
  clear_records(object);
  forget_creation(object);
  --object.weak;
  if (object.life != Life::gone || object.weak > 0) return;
  const std::unique_ptr<Object> last = std::move(slots_[raw(object.slot)]);
  free_slots_.push_back(last->slot);
  --live_;
  set_compositor_id(*last, CompositorId::none);
}

// What is not made again needs no maker, even if a record still names it.
void Objects::forget_creation(Object& object) {
  if (object.maker == Slot::none) return;
  const Slot maker = std::exchange(object.maker, Slot::none);
  const Recorded creation = std::exchange(object.creation, {.sequence = object.creation.sequence});
  object.surface = Slot::none;
  let_go(at(maker).interface->requests[creation.opcode], creation);
  change_count(maker, true, -1);
}

std::vector<Object*> Objects::in_order() {
  std::vector<Object*> result;
  for (auto& object : slots_)
    if (object) result.push_back(object.get());
  std::ranges::sort(result, {}, [](const Object* object) { return object->creation.sequence; });
  return result;
}

}  // namespace wayferry
