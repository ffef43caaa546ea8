// SPDX-License-Identifier: MIT
//
// The part of a connection's model that is of surfaces: what belongs to which, what a commit brings
// into force and what waits for a parent's, the order of sub-surfaces.
#include <algorithm>

#include "model/connection.h"
#include "wire/opcodes.gen.h"

namespace wayferry {
namespace {

// The argument that says at which surface the made object's state counts.
const Argument* applying_argument(const Message& request, std::string_view wanted) {
  const auto arg = std::ranges::find_if(request.args, [&](const Argument& a) {
    return a.type == ArgType::object &&
           (wanted.empty() ? a.interface == &protocol::wl_surface : a.name == wanted);
  });
  return arg == request.args.end() ? nullptr : &*arg;
}

}  // namespace

void Connection::link(Object& made, bool lives) {
  const Object& maker = objects.at(made.maker);
  const Message& request = maker.interface->requests[made.creation.opcode];
  const std::string_view wanted = traits_of(*made.interface).applies_at;
  const Argument* arg = applying_argument(request, wanted);
  const Object* at = arg ? objects.find(slot_of(request, made.creation.body, arg->name)) : &maker;
  if (at) made.surface = at->is(protocol::wl_surface) ? at->slot : at->surface;
  Object* surface = objects.find(made.surface);
  if (!surface || made.life != Life::alive) return;
  surface->dependents.push_back(made.slot);
  if (made.is(protocol::xdg_surface) || made.is(protocol::zwlr_layer_surface_v1))
    surface->committed = false;
  if (made.is(protocol::wl_subsurface) && lives) enter_parent(made, *surface);
}

// A surface that has this role already, or that its parent is part of, is a mistake of the app's,
// which the compositor will tell it.
void Connection::enter_parent(Object& made, Object& parent) {
  const Message& request = objects.at(made.maker).interface->requests[made.creation.opcode];
  Object& child = objects.at(slot_of(request, made.creation.body, "surface"));
  if (child.role != Slot::none || is_part_of(parent, child)) return;
  made.role = child.slot;
  child.role = made.slot;
  for (auto* stack : {&parent.stack, &parent.stack_cached, &parent.stack_now})
    if (stack->empty()) stack->push_back(parent.slot);
  parent.stack.push_back(child.slot);
}

bool Connection::is_part_of(const Object& surface, const Object& whole) {
  const Object* up = &surface;
  while (up && up != &whole) {
    const Object* role = objects.find(up->role);
    up = role ? objects.find(role->surface) : nullptr;
  }
  return up == &whole;
}

// A sub-surface leaves at once, and what waited for its parent's commit holds.
void Connection::leave_parent(Object& subsurface) {
  Object* child = objects.find(subsurface.role);
  if (Object* parent = objects.find(subsurface.surface))
    for (auto* stack : {&parent->stack, &parent->stack_cached, &parent->stack_now})
      std::erase(*stack, subsurface.role);
  if (!child || child->role != subsurface.slot) return;
  child->role = Slot::none;
  if (child->waits) apply(*child);
}

// Its children are nobody's any more; it is no child.
void Connection::leave_family(Object& surface) {
  for (const Slot slot : std::vector(surface.dependents))
    if (Object& object = objects.at(slot); object.is(protocol::wl_subsurface)) leave_parent(object);
  if (Object* role = objects.find(surface.role)) leave_parent(*role);
}

// What it set holds until its surface is committed. One that has never set anything in force
// changes nothing that the end of another of its kind does not change already.
void Connection::linger(Object& object) {
  Object* surface = objects.find(object.surface);
  if (!surface || surface->life != Life::alive) return;
  for (const Recorded& dropped : std::exchange(object.pending, {}))
    objects.let_go(object.interface->requests[dropped.opcode], dropped);
  if (waits_behind_another(object, surface->lingering) ||
      waits_behind_another(object, surface->lingering_cached))
    return;
  objects.hold(object.slot);
  surface->lingering.push_back(object.slot);
}

// One that is destroyed holds no longer than its window, and than the next one of that.
void Connection::forget_decoration(Object* surface) {
  if (!surface) return;
  for (auto* list : {&surface->lingering, &surface->lingering_cached}) {
    std::vector<Slot> forgotten;
    std::erase_if(*list, [&](Slot slot) {
      const bool forget = objects.at(slot).is(protocol::zxdg_toplevel_decoration_v1);
      if (forget) forgotten.push_back(slot);
      return forget;
    });
    stop_lingering(forgotten);
  }
}

bool Connection::waits_behind_another(const Object& object, const std::vector<Slot>& list) {
  return object.log.empty() && object.cached.empty() && std::ranges::any_of(list, [&](Slot slot) {
           return objects.at(slot).interface == object.interface;
         });
}

void Connection::stop_lingering(std::vector<Slot>& list) {
  for (const Slot slot : std::exchange(list, {})) objects.let_go(slot);
}

void Connection::commit_lingering(Object& surface) {
  for (const Slot slot : std::exchange(surface.lingering, {})) {
    Object& object = objects.at(slot);
    for (const Recorded& dropped : std::exchange(object.cached, {}))
      objects.let_go(object.interface->requests[dropped.opcode], dropped);
    if (waits_behind_another(object, surface.lingering_cached))
      objects.let_go(slot);
    else
      surface.lingering_cached.push_back(slot);
  }
}

void Connection::commit(Object& surface) {
  surface.committed = true;
  commit_lingering(surface);
  cache_pending(surface);
  // By index: this never changes the list, but it may look at objects in it.
  for (size_t i = 0; i < surface.dependents.size(); ++i) {
    Object& dependent = objects.at(surface.dependents[i]);
    dependent.awaits_parent |= std::exchange(dependent.awaits_commit, false);
    if (!dependent.pending.empty()) cache_pending(dependent);
  }
  surface.stack_cached = surface.stack;
  surface.waits = true;
  if (!synchronised(surface)) apply(surface);
}

void Connection::cache_pending(Object& object) {
  for (Recorded& recorded : std::exchange(object.pending, {})) {
    if (object.is(protocol::wl_surface) && recorded.opcode == request::wl_surface::attach) {
      const Slot buffer =
          slot_of(object.interface->requests[recorded.opcode], recorded.body, "buffer");
      if (buffer != Slot::none) objects.at(buffer).busy = true;
    }
    keep_latest(object, object.cached, std::move(recorded));
  }
}

// A sub-surface's commits wait for its parent's if it or one above it is in that mode.
bool Connection::synchronised(const Object& surface) {
  for (const Object* role = objects.find(surface.role); role;) {
    const auto mode =
        std::ranges::find(role->log, request::wl_subsurface::set_sync, &Recorded::group);
    if (mode == role->log.end() || mode->opcode == request::wl_subsurface::set_sync) return true;
    const Object* parent = objects.find(role->surface);
    role = parent ? objects.find(parent->role) : nullptr;
  }
  return false;
}

// What was committed holds, and so does what waited for that in sub-surfaces.
void Connection::apply(Object& surface) {
  const bool attaches =
      std::ranges::contains(surface.cached, request::wl_surface::attach, &Recorded::opcode);
  const bool was_mapped = attaches && mapped(surface);
  apply_cached(surface);
  stop_lingering(surface.lingering_cached);
  for (const Slot slot : surface.lingering) apply_cached(objects.at(slot));
  for (size_t i = 0; i < surface.dependents.size(); ++i) {
    Object& dependent = objects.at(surface.dependents[i]);
    dependent.awaits_parent = false;
    if (!dependent.cached.empty()) apply_cached(dependent);
  }
  surface.stack_now = surface.stack_cached;
  surface.waits = false;
  if (was_mapped && !mapped(surface)) surface.committed = false;  // a window begins anew
  for (const Slot slot : std::vector(surface.stack_now)) {
    Object* child = objects.find(slot);
    if (child && child->waits && synchronised(*child)) apply(*child);
  }
}

void Connection::apply_cached(Object& object) {
  for (Recorded& recorded : std::exchange(object.cached, {}))
    keep_latest(object, object.log, std::move(recorded));
}

// What was committed while the sub-surface waited holds as soon as it does not any more.
void Connection::set_mode(const Call& call) {
  keep_latest(*call.object, call.object->log, record(call, false));
  Object* child = objects.find(call.object->role);
  if (child && child->waits && !synchronised(*child)) apply(*child);
}

bool Connection::mapped(const Object& surface) {
  const auto attach = std::ranges::find(surface.log, request::wl_surface::attach, &Recorded::group);
  return attach != surface.log.end() &&
         slot_of(surface.interface->requests[attach->opcode], attach->body, "buffer") != Slot::none;
}

void Connection::place(const Call& call) {
  Object* parent = objects.find(call.object->surface);
  const Object* sibling = call.object_named("sibling");
  if (!parent || !sibling) return;
  const Slot surface = call.object->role;
  if (surface == Slot::none) return;  // its surface was something else's already: an error
  auto& stack = parent->stack;
  if (surface == sibling->slot || std::ranges::find(stack, sibling->slot) == stack.end()) return;
  std::erase(stack, surface);
  auto at = std::ranges::find(stack, sibling->slot);
  if (call.message->opcode == request::wl_subsurface::place_above) ++at;
  stack.insert(at, surface);
}

}  // namespace wayferry
