// SPDX-License-Identifier: MIT
#include "wanderer.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "util/error.h"
#include "util/io.h"
#include "wire/opcodes.gen.h"

namespace wayferry::test {
namespace {

constexpr size_t most_surfaces = 12;

template <typename List>
auto* pick(List& list, uint32_t number) {
  return list.empty() ? nullptr : &list[number % list.size()];
}

uint32_t take(std::vector<uint32_t>& list, uint32_t number) {
  const size_t at = number % list.size();
  const uint32_t taken = list[at];
  list.erase(list.begin() + static_cast<std::ptrdiff_t>(at));
  return taken;
}

// What surfaces can be given beside their own state, and how that changes.
struct Change {
  const char* request;
  std::vector<Word> (*values)(uint32_t number);
};
struct Extension {
  const Interface& manager;
  const Interface& interface;
  const char* get;
  std::vector<Change> changes;
};

std::vector<Word> source(uint32_t number) {
  return {0u, 0u, 256 * (1 + number % 5), 512u};
}

std::vector<Word> size(uint32_t number) {
  return {1 + number % 9, 7u};
}

template <uint32_t end>
std::vector<Word> one_below(uint32_t number) {
  return {number % end};
}

const std::array extensions = {
    Extension{protocol::wp_viewporter,
              protocol::wp_viewport,
              "get_viewport",
              {{"set_source", source}, {"set_destination", size}}},
    Extension{protocol::wp_alpha_modifier_v1,
              protocol::wp_alpha_modifier_surface_v1,
              "get_surface",
              {{"set_multiplier", one_below<1000>}}},
    Extension{protocol::wp_content_type_manager_v1,
              protocol::wp_content_type_v1,
              "get_surface_content_type",
              {{"set_content_type", one_below<4>}}},
    Extension{protocol::wp_tearing_control_manager_v1,
              protocol::wp_tearing_control_v1,
              "get_tearing_control",
              {{"set_presentation_hint", one_below<2>}}},
};

std::string named(const char* what, uint32_t id) {
  return std::string(what) + " " + std::to_string(id);
}

}  // namespace

Wanderer::Wanderer(FakeApp& app, std::function<std::vector<Arrived>()> exchange)
    : app_(app), exchange_(std::move(exchange)) {
  registry_ = app_.make(protocol::wl_registry);
  say(1, protocol::wl_display, "get_registry", {registry_});
  exchange_();
  compositor_ = app_.bind(registry_, "wl_compositor", 6);
  subcompositor_ = app_.bind(registry_, "wl_subcompositor", 1);
  shm_ = app_.bind(registry_, "wl_shm", 1);
  wm_ = app_.bind(registry_, "xdg_wm_base", 5);
  static_assert(extensions.size() == extension_kinds);
  for (size_t kind = 0; kind < extension_kinds; ++kind)
    managers_[kind] = app_.bind(registry_, std::string(extensions[kind].manager.name), 1);
  exchange_();
}

void Wanderer::say(uint32_t object, const Interface& of, const std::string& request,
                   const std::vector<Word>& values) {
  app_.say(object, of, request, values);
}

std::string Wanderer::step(uint32_t number) {
  // What is listed more than once happens more often.
  static constexpr Step steps[] = {
      &Wanderer::make_surface,
      &Wanderer::make_surface,
      &Wanderer::make_window,
      &Wanderer::make_subsurface,
      &Wanderer::make_popup,
      &Wanderer::buffer,
      &Wanderer::attach,
      &Wanderer::commit,
      &Wanderer::attach,
      &Wanderer::commit,
      &Wanderer::commit,
      &Wanderer::commit,
      &Wanderer::attach,
      &Wanderer::set_numbers,
      &Wanderer::frame,
      &Wanderer::region,
      &Wanderer::use_region,
      &Wanderer::pool,
      &Wanderer::buffer,
      &Wanderer::extension,
      &Wanderer::extension,
      &Wanderer::extension,
      &Wanderer::make_subsurface,
      &Wanderer::move_subsurface,
      &Wanderer::order_subsurface,
      &Wanderer::mode_of_subsurface,
      &Wanderer::destroy_subsurface,
      &Wanderer::make_window,
      &Wanderer::tell_window,
      &Wanderer::size_window,
      &Wanderer::make_popup,
      &Wanderer::destroy_window,
      &Wanderer::destroy_surface,
  };
  const std::string did =
      (this->*steps[number % std::size(steps)])(static_cast<uint32_t>(number / std::size(steps)));
  settle();
  return did;
}

void Wanderer::settle() {
  hear(exchange_());
}

void Wanderer::hear(const std::vector<Arrived>& events) {
  bool answered = false;
  for (const Arrived& event : events) {
    if (!event.is("xdg_surface.configure")) continue;
    say(event.object, protocol::xdg_surface, "ack_configure", {event.decoded().values[0].word});
    const auto surface = std::ranges::find(surfaces_, event.object, &Surface::xdg_surface);
    if (surface != surfaces_.end()) surface->configured = true;
    answered = true;
  }
  if (answered) exchange_();
}

Wanderer::Surface* Wanderer::any_surface(uint32_t number) {
  return pick(surfaces_, number);
}

Wanderer::Surface* Wanderer::find(uint32_t id) {
  const auto at = std::ranges::find(surfaces_, id, &Surface::id);
  return at == surfaces_.end() ? nullptr : &*at;
}

bool Wanderer::has_popups(const Surface& surface) const {
  return is_window(surface) &&
         std::ranges::contains(surfaces_, surface.xdg_surface, &Surface::popup_parent);
}

bool Wanderer::below(const Surface& surface, uint32_t ancestor) {
  for (const Surface* up = &surface; up; up = up->parent ? find(up->parent) : nullptr)
    if (up->id == ancestor) return true;
  return false;
}

// Surfaces

std::string Wanderer::make_surface(uint32_t) {
  if (surfaces_.size() >= most_surfaces) return "";
  const uint32_t id =
      app_.make(protocol::wl_surface, compositor_, protocol::wl_compositor, "create_surface");
  surfaces_.push_back({.id = id});
  return named("make surface", id);
}

std::string Wanderer::destroy_surface(uint32_t number) {
  Surface* surface = any_surface(number);
  if (!surface || is_window(*surface) || surface->subsurface || surface->callbacks) return "";
  for (size_t kind = 0; kind < extension_kinds; ++kind)
    if (surface->extensions[kind] != 0)
      say(surface->extensions[kind], extensions[kind].interface, "destroy");
  const uint32_t id = surface->id;
  say(id, protocol::wl_surface, "destroy");
  std::erase_if(surfaces_, [&](const Surface& other) { return other.id == id; });
  for (Surface& other : surfaces_)
    if (other.parent == id) other.parent = 0;
  return named("destroy surface", id);
}

std::string Wanderer::attach(uint32_t number) {
  Surface* surface = any_surface(number);
  if (!surface || (is_window(*surface) && !surface->configured)) return "";
  const bool null = number / 64 % 6 == 0;
  if (null && is_window(*surface) && (surface->popup || has_popups(*surface))) return "";
  const uint32_t* buffer = pick(buffers_, number / 64);
  if (!null && !buffer) return "";
  surface->used = surface->attached = true;
  surface->shown = !null;
  say(surface->id, protocol::wl_surface, "attach", {null ? 0u : *buffer, 0u, 0u});
  return named("attach to", surface->id) + (null ? " nothing" : named(" buffer", *buffer));
}

std::string Wanderer::commit(uint32_t number) {
  Surface* surface = any_surface(number);
  if (!surface) return "";
  say(surface->id, protocol::wl_surface, "commit");
  surface->used = true;
  // A window that has shown itself and then nothing begins anew.
  if (surface->attached && !surface->shown) surface->configured = false;
  surface->attached = false;
  return named("commit", surface->id);
}

std::string Wanderer::set_numbers(uint32_t number) {
  Surface* surface = any_surface(number);
  if (!surface) return "";
  const uint32_t value = number / 64;
  if (value % 2)
    say(surface->id, protocol::wl_surface, "set_buffer_scale", {1 + value % 3});
  else
    say(surface->id, protocol::wl_surface, "set_buffer_transform", {value % 8});
  return named("scale or transform", surface->id);
}

std::string Wanderer::frame(uint32_t number) {
  Surface* surface = any_surface(number);
  // What no window shows is never drawn: an attach answers its callbacks instead of asking again.
  if (!surface || !is_window(*surface)) return "";
  surface->callbacks = true;
  const uint32_t callback =
      app_.make(protocol::wl_callback, surface->id, protocol::wl_surface, "frame");
  return named("frame of", surface->id) + named(", callback", callback);
}

std::string Wanderer::region(uint32_t number) {
  const uint32_t value = number / 4;
  uint32_t* region = pick(regions_, value);
  if (!region || number % 4 == 0) {
    if (regions_.size() > 3) return "";
    regions_.push_back(
        app_.make(protocol::wl_region, compositor_, protocol::wl_compositor, "create_region"));
    return named("make region", regions_.back());
  }
  if (number % 4 == 3) {
    const uint32_t gone = take(regions_, value);
    say(gone, protocol::wl_region, "destroy");
    return named("destroy region", gone);
  }
  say(*region, protocol::wl_region, number % 4 == 1 ? "add" : "subtract",
      {value % 7, 0u, 1 + value % 50, 5u});
  return named("change region", *region);
}

std::string Wanderer::use_region(uint32_t number) {
  Surface* surface = any_surface(number);
  if (!surface) return "";
  const uint32_t* region = pick(regions_, number / 64);
  const bool input = number / 16 % 2;
  say(surface->id, protocol::wl_surface, input ? "set_input_region" : "set_opaque_region",
      {region ? *region : 0u});
  return named(input ? "input region of" : "opaque region of", surface->id);
}

std::string Wanderer::pool(uint32_t number) {
  if (pools_.empty() || number % 3 == 0) {
    if (pools_.size() > 3) return "";
    UniqueFd file(check("memfd_create", ::memfd_create("pool", MFD_CLOEXEC)));
    write_all(file.get(), named("pool", ++pools_made_));
    app_.queue_fd(std::move(file));
    pools_.push_back(
        app_.make(protocol::wl_shm_pool, shm_, protocol::wl_shm, "create_pool", {4096u}));
    return named("make pool", pools_.back());
  }
  if (number % 3 == 1) {
    const uint32_t grown = *pick(pools_, number / 3);
    say(grown, protocol::wl_shm_pool, "resize", {8192 + number % 4096});
    return named("grow pool", grown);
  }
  const uint32_t gone = take(pools_, number / 3);
  say(gone, protocol::wl_shm_pool, "destroy");
  return named("destroy pool", gone);
}

std::string Wanderer::buffer(uint32_t number) {
  const bool waiting = std::ranges::contains(surfaces_, true, &Surface::attached);
  if (number % 3 == 0 && !buffers_.empty() && !waiting) {
    const uint32_t gone = take(buffers_, number / 3);
    say(gone, protocol::wl_buffer, "destroy");
    return named("destroy buffer", gone);
  }
  if (pools_.empty() || buffers_.size() > 6) return "";
  buffers_.push_back(app_.make(protocol::wl_buffer, *pick(pools_, number / 3),
                               protocol::wl_shm_pool, "create_buffer",
                               {number % 64, 4u, 4u, 16u, 0u}));
  return named("make buffer", buffers_.back());
}

std::string Wanderer::extension(uint32_t number) {
  Surface* surface = any_surface(number);
  if (!surface) return "";
  const size_t kind = number / 16 % extension_kinds;
  const Extension& extension = extensions[kind];
  const std::string what = std::string(extension.interface.name) + " of";
  uint32_t& object = surface->extensions[kind];
  const uint32_t value = number / 64;
  if (object == 0) {
    object = app_.make(extension.interface, managers_[kind], extension.manager, extension.get,
                       {surface->id});
    return "make " + named(what.c_str(), surface->id);
  }
  if (value % 3 == 0) {
    say(std::exchange(object, 0), extension.interface, "destroy");
    return "destroy " + named(what.c_str(), surface->id);
  }
  const Change& change = extension.changes[value % extension.changes.size()];
  say(object, extension.interface, change.request, change.values(value / 6));
  return "change " + named(what.c_str(), surface->id);
}

// Sub-surfaces

std::string Wanderer::make_subsurface(uint32_t number) {
  Surface* child = any_surface(number);
  Surface* parent = any_surface(number / 64);
  if (!child || !parent || is_window(*child) || child->subsurface || below(*parent, child->id))
    return "";
  child->subsurface = app_.make(protocol::wl_subsurface, subcompositor_, protocol::wl_subcompositor,
                                "get_subsurface", {child->id, parent->id});
  child->parent = parent->id;
  child->was_subsurface = true;
  return named("put surface", child->id) + named(" into", parent->id);
}

std::string Wanderer::move_subsurface(uint32_t number) {
  Surface* child = any_surface(number);
  if (!child || child->parent == 0) return "";
  say(child->subsurface, protocol::wl_subsurface, "set_position",
      {number / 64 % 100, number / 8 % 100});
  return named("move", child->id);
}

std::string Wanderer::order_subsurface(uint32_t number) {
  Surface* child = any_surface(number);
  if (!child || child->parent == 0) return "";
  std::vector<uint32_t> siblings = {child->parent};
  for (const Surface& other : surfaces_)
    if (other.parent == child->parent && other.id != child->id) siblings.push_back(other.id);
  const uint32_t sibling = *pick(siblings, number / 64);
  const bool above = number / 16 % 2;
  say(child->subsurface, protocol::wl_subsurface, above ? "place_above" : "place_below", {sibling});
  return named("place", child->id) + named(above ? " above" : " below", sibling);
}

std::string Wanderer::mode_of_subsurface(uint32_t number) {
  Surface* child = any_surface(number);
  if (!child || child->parent == 0) return "";
  const bool sync = number / 64 % 3 == 0;
  say(child->subsurface, protocol::wl_subsurface, sync ? "set_sync" : "set_desync");
  return named(sync ? "sync" : "desync", child->id);
}

std::string Wanderer::destroy_subsurface(uint32_t number) {
  Surface* child = any_surface(number);
  if (!child || child->subsurface == 0) return "";
  say(child->subsurface, protocol::wl_subsurface, "destroy");
  child->subsurface = child->parent = 0;
  return named("take out", child->id);
}

// Windows

std::string Wanderer::make_window(uint32_t number) {
  Surface* surface = any_surface(number);
  if (!surface || surface->used || is_window(*surface) || surface->was_subsurface) return "";
  surface->xdg_surface = app_.make(protocol::xdg_surface, wm_, protocol::xdg_wm_base,
                                   "get_xdg_surface", {surface->id});
  surface->toplevel = app_.make(protocol::xdg_toplevel, surface->xdg_surface, protocol::xdg_surface,
                                "get_toplevel");
  return named("make window of", surface->id);
}

std::string Wanderer::tell_window(uint32_t number) {
  Surface* surface = any_surface(number);
  if (!surface || surface->toplevel == 0) return "";
  const std::string text = "text " + std::to_string(number / 64);
  static constexpr const char* bare[] = {"set_maximized", "unset_maximized", "unset_fullscreen"};
  const uint32_t what = number / 64 % 7;
  if (what < 3)
    say(surface->toplevel, protocol::xdg_toplevel, bare[what]);
  else if (what == 3)
    say(surface->toplevel, protocol::xdg_toplevel, "set_title", {std::string_view(text)});
  else if (what == 4)
    say(surface->toplevel, protocol::xdg_toplevel, "set_app_id", {std::string_view(text)});
  else if (what == 5)
    say(surface->toplevel, protocol::xdg_toplevel, "set_fullscreen", {0u});
  else
    return set_parent(*surface, number / 512);
  return named("tell window", surface->id) + named(",", what);
}

std::string Wanderer::set_parent(const Surface& surface, uint32_t number) {
  // An older one, so that there are no circles.
  std::vector<uint32_t> older = {0};
  for (const Surface& other : surfaces_) {
    if (&other == &surface) break;
    if (other.toplevel) older.push_back(other.toplevel);
  }
  const uint32_t parent = *pick(older, number);
  say(surface.toplevel, protocol::xdg_toplevel, "set_parent", {parent});
  return named("parent of window", surface.id) + named(" is", parent);
}

std::string Wanderer::size_window(uint32_t number) {
  Surface* surface = any_surface(number);
  if (!surface || !is_window(*surface)) return "";
  const uint32_t value = number / 64;
  if (value % 3 == 0 || surface->toplevel == 0)
    say(surface->xdg_surface, protocol::xdg_surface, "set_window_geometry",
        {value % 5, value % 6, 10u, 10u});
  else
    say(surface->toplevel, protocol::xdg_toplevel, value % 3 == 1 ? "set_max_size" : "set_min_size",
        {100 + value % 9, 100u});
  return named("size window", surface->id);
}

std::string Wanderer::destroy_window(uint32_t number) {
  Surface* surface = any_surface(number);
  if (!surface || !is_window(*surface) || has_popups(*surface) || surface->callbacks ||
      surface->subsurface)
    return "";
  if (surface->popup && popups_.back() != surface->id) return "";
  if (surface->popup) popups_.pop_back();
  if (surface->popup)
    say(surface->popup, protocol::xdg_popup, "destroy");
  else
    say(surface->toplevel, protocol::xdg_toplevel, "destroy");
  say(surface->xdg_surface, protocol::xdg_surface, "destroy");
  surface->xdg_surface = surface->toplevel = surface->popup = 0;
  const auto at = static_cast<uint32_t>(surface - surfaces_.data());
  return "window: " + destroy_surface(at);
}

std::string Wanderer::make_popup(uint32_t number) {
  Surface* under = popups_.empty() ? any_surface(number) : find(popups_.back());
  if (!under || !is_window(*under) || !under->shown || under->attached || !under->configured ||
      surfaces_.size() >= most_surfaces)
    return "";
  const uint32_t positioner =
      app_.make(protocol::xdg_positioner, wm_, protocol::xdg_wm_base, "create_positioner");
  say(positioner, protocol::xdg_positioner, "set_size", {1 + number % 90, 10u});
  say(positioner, protocol::xdg_positioner, "set_anchor_rect", {0u, 0u, 5u, 1 + number % 7});
  Surface popup{.popup_parent = under->xdg_surface};
  popup.id =
      app_.make(protocol::wl_surface, compositor_, protocol::wl_compositor, "create_surface");
  popup.xdg_surface =
      app_.make(protocol::xdg_surface, wm_, protocol::xdg_wm_base, "get_xdg_surface", {popup.id});
  popup.popup = app_.make(protocol::xdg_popup, popup.xdg_surface, protocol::xdg_surface,
                          "get_popup", {under->xdg_surface, positioner});
  say(positioner, protocol::xdg_positioner, "set_size", {1u, 1u});
  say(positioner, protocol::xdg_positioner, "destroy");
  surfaces_.push_back(popup);
  popups_.push_back(popup.id);
  return named("make popup", popup.id);
}

}  // namespace wayferry::test
