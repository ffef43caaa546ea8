// SPDX-License-Identifier: MIT
#include <algorithm>
#include <map>

#include "monitor/attach_parts.h"
#include "monitor/kept_size.h"
#include "wire/opcodes.gen.h"

namespace wayferry {
namespace {

bool is_role(const Object& object) {
  return object.is(protocol::xdg_toplevel) || object.is(protocol::xdg_popup) ||
         object.is(protocol::zwlr_layer_surface_v1);
}

}  // namespace

/// A window's surfaces: the root, whose role is configured, and its sub-surfaces.
struct WindowBuilder::Tree {
  Slot root;
  Object* role;                                        // null: a cursor, a drag's icon
  std::vector<std::pair<size_t, Object*>> surfaces{};  // with their depth below the root
};

// Windows first, then popups in their own order: a popup needs a parent that is on screen.
void WindowBuilder::build() {
  std::vector<Tree> all = trees();
  const auto is_popup = [](const Tree& tree) {
    return tree.role && tree.role->is(protocol::xdg_popup);
  };
  std::ranges::stable_partition(all, [&](const Tree& tree) { return !is_popup(tree); });
  std::vector<Object*> windows;
  for (const Tree& tree : all)
    if (tree.role && !is_popup(tree)) windows.push_back(tree.role);
  configure(windows);
  for (Tree& tree : all) {
    if (lost_window(tree.root)) continue;
    if (is_popup(tree)) configure({tree.role});
    // Children before parents: a synchronised sub-surface's state is taken over with its parent's
    // commit, so the picture comes up whole.
    std::ranges::stable_sort(tree.surfaces, std::greater(), &std::pair<size_t, Object*>::first);
    for (const auto& [depth, surface] : tree.surfaces) fill(*surface, tree.role != nullptr);
  }
}

std::vector<WindowBuilder::Tree> WindowBuilder::trees() {
  std::vector<Tree> result;
  std::map<Slot, size_t> index;
  const std::map<Slot, Slot> above = parents();
  for (Object* object : surfaces()) {
    size_t depth = 0;
    Slot root = object->slot;
    // No chain is longer than all sub-surfaces: a state that says otherwise goes in a circle.
    for (auto up = above.find(root); up != above.end() && depth < above.size();
         up = above.find(root), ++depth)
      root = up->second;
    const auto [at, added] = index.emplace(root, result.size());
    if (added) result.push_back({root, role_of(root)});
    result[at->second].surfaces.emplace_back(depth, object);
  }
  return result;
}

// Each sub-surface's parent, by the surface that has the role.
std::map<Slot, Slot> WindowBuilder::parents() {
  std::map<Slot, Slot> result;
  for (const Object* object : objects_.in_order()) {
    if (!object->is(protocol::wl_subsurface) || object->life != Life::alive) continue;
    if (objects_.find(object->surface)) result[object->role] = object->surface;
  }
  return result;
}

Object* WindowBuilder::role_of(Slot surface) {
  for (const Slot slot : objects_.at(surface).dependents) {
    Object& object = objects_.at(slot);
    if (is_role(object) && !object.inert()) return &object;
  }
  return nullptr;
}

// A popup that was dismissed: the app may make another of its surface, which must be empty then.
bool WindowBuilder::lost_window(Slot surface) {
  return std::ranges::any_of(objects_.at(surface).dependents, [&](Slot slot) {
    const Object& object = objects_.at(slot);
    return object.is(protocol::xdg_surface) && object.inert();
  });
}

// A window must be configured before it may show anything. One that was on screen is answered by
// us; one that the app had not shown yet gets its configure as usual.
void WindowBuilder::configure(const std::vector<Object*>& roles) {
  for (const Object* role : roles) {
    Object& surface = objects_.at(role->surface);
    if (waits_to_begin(surface)) continue;
    const bool layer = role->is(protocol::zwlr_layer_surface_v1);
    if (model_.mapped(surface)) relay_.self_configured.insert(layer ? role->slot : role->maker);
    // Of a layer surface the size is part of what the first commit must say.
    if (layer)
      for (const Recorded& recorded : role->log)
        relay_.ask_recorded(objects_.at(role->slot), recorded);
    relay_.ask(surface, request::wl_surface::commit, {});
  }
  // Compositors may take their time (sway arranges first), so more than one round trip is normal.
  while (!relay_.self_configured.empty()) relay_.round_trip(end_);
}

std::vector<Object*> WindowBuilder::parts_of(Object& surface) {
  std::vector<Object*> parts = {&surface};
  for (const auto* slots : {&surface.dependents, &surface.lingering_cached, &surface.lingering})
    for (const Slot slot : *slots) parts.push_back(&objects_.at(slot));
  return parts;
}

std::vector<Object*> WindowBuilder::surfaces() {
  std::vector<Object*> result;
  for (Object* object : objects_.in_order())
    if (object->is(protocol::wl_surface) && !object->inert() && object->life == Life::alive)
      result.push_back(object);
  return result;
}

// A window's first commit is the app's to make: it asks for the configure that the app waits for.
bool WindowBuilder::waits_to_begin(Object& surface) {
  return !surface.committed && !model_.mapped(surface) && role_of(surface.slot);
}

// What no role shows here (a cursor, before the pointer comes) is not asked for frames, which would
// never come: the callbacks that wait are inert, so they fire at the end of the attach.
void WindowBuilder::fill(Object& surface, bool shown) {
  const bool said = ask_content(surface, shown);
  place_children(surface, surface.stack_now);
  if (model_.mapped(surface)) {
    constexpr uint32_t everything = 0x7fffffff;
    relay_.ask(surface, request::wl_surface::damage, {0u, 0u, everything, everything});
  }
  if ((said || !surface.stack_now.empty()) && !waits_to_begin(surface))
    relay_.ask(surface, request::wl_surface::commit, {});
}

bool WindowBuilder::ask_content(Object& surface, bool shown) {
  bool said = false;
  for (Object* part : parts_of(surface)) {
    for (const Recorded& recorded : part->log)
      if (request_carry(part->interface->requests[recorded.opcode]).rule == RequestRule::pending)
        said |= relay_.ask_recorded(*part, recorded);
    if (shown && is_frame_callback(model_, *part) && !part->awaits_commit && !part->awaits_parent)
      said |= relay_.ask_recorded(surface, part->creation, part);
  }
  return said;
}

// From the windows down: a commit waits only below a parent that it has already; and what is said
// of children after their parent's commit is not part of that.
void WindowBuilder::add_committed(ObjectBuilder& objects) {
  for (Tree& tree : trees()) {
    std::ranges::stable_sort(tree.surfaces, {}, &std::pair<size_t, Object*>::first);
    for (const auto& [depth, surface] : tree.surfaces) {
      objects.end_lingering(surface->lingering_cached);
      objects.build_late(Late::committed, surface->slot);
      if (!lost_window(tree.root)) ask_committed(*surface);
      if (surface->waits) relay_.ask(*surface, request::wl_surface::commit, {});
      objects.end_lingering(surface->lingering);
      objects.build_late(Late::asked_for, surface->slot);
    }
  }
}

void WindowBuilder::ask_committed(Object& surface) {
  if (surface.stack_cached != surface.stack_now) place_children(surface, surface.stack_cached);
  ask_layer(surface, &Object::cached, &Object::awaits_parent);
}

void WindowBuilder::add_pending() {
  for (Object* surface : surfaces())
    if (!lost_window(surface->slot)) ask_pending(*surface);
}

void WindowBuilder::ask_pending(Object& surface) {
  if (surface.stack != surface.stack_cached) place_children(surface, surface.stack);
  ask_layer(surface, &Object::pending, &Object::awaits_commit);
}

void WindowBuilder::ask_layer(Object& surface, std::vector<Recorded> Object::* records,
                              bool Object::* waits) {
  for (Object* part : parts_of(surface)) {
    for (const Recorded& recorded : part->*records) relay_.ask_recorded(*part, recorded);
    if (is_frame_callback(model_, *part) && part->*waits)
      relay_.ask_recorded(surface, part->creation, part);
  }
}

// From the parent outwards: each child is placed next to one that has its place already.
void WindowBuilder::place_children(Object& parent, const std::vector<Slot>& stack) {
  const auto middle = std::ranges::find(stack, parent.slot) - stack.begin();
  const auto at = [&](std::ptrdiff_t i) { return stack[static_cast<size_t>(i)]; };
  for (auto i = middle - 1; i >= 0; --i)
    place(at(i), request::wl_subsurface::place_below, at(i + 1));
  for (auto i = middle + 1; i < std::ssize(stack); ++i)
    place(at(i), request::wl_subsurface::place_above, at(i - 1));
}

void WindowBuilder::place(Slot child, uint16_t request, Slot sibling) {
  if (const Object* role = objects_.find(objects_.at(child).role))
    relay_.ask(*role, request, {raw(objects_.at(sibling).compositor_id)});
}

// The answer carries a serial of ours, which goes no further: we have answered the compositor. A
// toplevel's size that is left to the app (0, 0) is no news; states follow with the next configure.
void WindowBuilder::tell_wanted_sizes() {
  for (auto& [slot, body] : std::exchange(relay_.wanted_configures, {})) {
    Object* role = objects_.find(slot);
    if (!role) continue;
    if (role->is(protocol::xdg_toplevel)) note_first_configure(*role, body);
    const size_t size_bytes = role->is(protocol::xdg_popup) ? 16 : 8;  // x, y, width, height
    const std::string size = body.substr(0, size_bytes);
    if (size == std::string(size_bytes, '\0') || role->told_configure.starts_with(size)) continue;
    relay_.tell_body(*role,
                     role->is(protocol::xdg_popup) ? uint16_t{event::xdg_popup::configure}
                                                   : uint16_t{event::xdg_toplevel::configure},
                     body);
    role->told_configure = body;
    relay_.tell(objects_.at(role->maker), event::xdg_surface::configure, {model_.serials.own()});
  }
}

}  // namespace wayferry
