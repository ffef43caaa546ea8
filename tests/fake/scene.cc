// SPDX-License-Identifier: MIT
#include "scene.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "util/error.h"
#include "wire/opcodes.gen.h"

namespace wayferry::test {
namespace {

uint32_t word(const Arrived& request, size_t argument) {
  return request.decoded().values[argument].word;
}

// A file is known by what stands in it, at whatever compositor.
std::string file_name(const UniqueFd& fd) {
  std::string text(32, '\0');
  text.resize(static_cast<size_t>(check("pread", ::pread(fd.get(), text.data(), text.size(), 0))));
  return "file '" + text + "'";
}

// What gives a surface more double-buffered state; with it, that goes at the surface's next commit.
bool is_extension(const Interface& interface) {
  static const std::array all = {&protocol::wp_viewport, &protocol::wp_alpha_modifier_surface_v1,
                                 &protocol::wp_content_type_v1, &protocol::wp_tearing_control_v1};
  return std::ranges::contains(all, &interface);
}

// The name under which the surface keeps what the request sets.
std::string state_name(const Message& request) {
  return std::string(request.interface->name) + " " + std::string(request.name);
}

std::string ref(uint32_t id) {
  return "@" + std::to_string(id) + "@";
}

void place(std::vector<uint32_t>& stack, uint32_t child, uint32_t sibling, bool above) {
  std::erase(stack, child);
  const auto at = std::ranges::find(stack, sibling);
  CHECK(at != stack.end());
  stack.insert(above ? at + 1 : at, child);
}

}  // namespace

void Scene::forget() {
  *this = Scene();
}

// Objects that are values (regions, buffers …) stand for what they are now.
std::string Scene::value(const Arrived& request, size_t argument) const {
  const Argument& arg = request.message->args[argument];
  const Decoded decoded = request.decoded();
  const Value& given = decoded.values[argument];
  if (arg.type == ArgType::string) return "'" + std::string(as_text(given.data)) + "'";
  if (arg.type != ArgType::object) return std::to_string(static_cast<int32_t>(given.word));
  if (given.word == 0) return "null";
  const auto known = values_.find(given.word);
  return known == values_.end() ? ref(given.word) : "(" + known->second + ")";
}

std::string Scene::values(const Arrived& request, size_t first) const {
  std::string text;
  for (size_t i = first; i < request.message->args.size(); ++i)
    if (request.message->args[i].type != ArgType::new_id)
      text += (text.empty() ? "" : " ") + value(request, i);
  return text;
}

void Scene::request(const Arrived& request) {
  const Interface& interface = *request.message->interface;
  if (const auto surface = surfaces_.find(request.object); surface != surfaces_.end())
    surface_request(request, surface->second);
  else if (&interface == &protocol::wl_subsurface && belongs_.contains(request.object))
    subsurface_request(request, belongs_.at(request.object));
  else if (is_extension(interface) && !request.message->destructor)
    surfaces_.at(belongs_.at(request.object)).pending.state[state_name(*request.message)] =
        values(request);
  else if (values_.contains(request.object))
    value_request(request);
  else
    window_request(request);
  make(request);
  if (request.message->destructor) destroy(request.object, interface);
}

void Scene::surface_request(const Arrived& request, Surface& surface) {
  const std::string_view name = request.message->name;
  if (name == "commit")
    commit(request.object);
  else if (name == "frame")
    surface.pending.frames.push_back(word(request, 0));
  else if (name == "attach")
    surface.pending.state["attach"] = value(request, 0);
  else if (name.starts_with("set_"))
    surface.pending.state[std::string(name)] = values(request);
}

void Scene::subsurface_request(const Arrived& request, uint32_t child) {
  const std::string_view name = request.message->name;
  Surface& surface = surfaces_.at(child);
  const auto parent = surfaces_.find(surface.parent);
  if (parent == surfaces_.end()) return;  // inert
  if (name == "set_position") parent->second.pending.positions[child] = values(request);
  if (name.starts_with("place_"))
    place(parent->second.pending.stack, child, word(request, 0), name == "place_above");
  if (name.starts_with("set_") && name.ends_with("sync")) {
    surface.sync = name == "set_sync";
    if (!synchronised(surface) && surface.has_cached) apply(child);
  }
}

void Scene::value_request(const Arrived& request) {
  const std::string_view name = request.message->name;
  std::string& value = values_.at(request.object);
  if (name == "resize") value.erase(std::min(value.find(','), value.size()));
  if (!request.message->destructor && name != "create_buffer")
    value += ", " + std::string(name) + " " + values(request);
}

void Scene::window_request(const Arrived& request) {
  const std::string name(request.message->name);
  const auto role = roles_.find(request.object);
  const auto window = windows_.find(role == roles_.end() ? request.object : role->second);
  if (window == windows_.end() || request.message->destructor) return;
  const bool buffered =
      name == "set_window_geometry" || name == "set_max_size" || name == "set_min_size";
  if (buffered)
    surfaces_.at(window->second.surface).pending.state[name] = values(request);
  else if (name.ends_with("_maximized") || name.ends_with("_fullscreen"))
    window->second.state[name.substr(name.find('_'))] = name.starts_with("set_") ? "yes" : "no";
  else if (name.starts_with("set_"))
    window->second.state[name] = values(request);
}

void Scene::make(const Arrived& request) {
  const Decoded decoded = request.decoded();
  for (size_t i = 0; i < decoded.count; ++i) {
    const Argument& arg = request.message->args[i];
    if (arg.type != ArgType::new_id || !arg.interface) continue;
    const uint32_t id = decoded.values[i].word;
    const std::string_view name = request.message->name;
    if (arg.interface == &protocol::wl_surface) {
      Surface& surface = surfaces_[id];
      for (Layer* layer : {&surface.pending, &surface.cached, &surface.current})
        layer->stack = {id};
    } else if (name == "create_region" || name == "create_positioner") {
      values_[id] = name;
    } else if (name == "create_pool") {
      values_[id] = file_name(*request.fds.at(0));
    } else if (name == "create_buffer") {
      // The pool's size may grow later; what the buffer is does not change by that.
      const std::string& pool = values_.at(request.object);
      values_[id] = pool.substr(0, pool.find(',')) + " at " + values(request);
    } else if (is_extension(*arg.interface)) {
      make_extension(request, *arg.interface, id);
    } else if (name == "get_subsurface") {
      belongs_[id] = word(request, 1);
      Surface& child = surfaces_.at(word(request, 1));
      child.parent = word(request, 2);
      child.sync = true;
      surfaces_.at(child.parent).pending.stack.push_back(word(request, 1));
      surfaces_.at(child.parent).pending.positions[word(request, 1)] = "0 0";
    } else if (name == "get_xdg_surface") {
      windows_[id].surface = word(request, 1);
      surfaces_.at(word(request, 1)).committed = false;
    } else if (name == "get_toplevel" || name == "get_popup") {
      Window& window = windows_.at(request.object);
      window.role = id;
      window.kind = std::string(name) + " " + values(request);
      roles_[id] = request.object;
    } else if (name == "frame") {
      frames_[id] = request.object;
    }
  }
}

void Scene::make_extension(const Arrived& request, const Interface& interface, uint32_t id) {
  const uint32_t surface = word(request, 1);
  for (const auto& [other, kind] : extensions_)
    if (kind == &interface && belongs_.at(other) == surface)
      surfaces_.at(surface).current.state["two at once"] = interface.name;
  extensions_[id] = &interface;
  belongs_[id] = surface;
}

void Scene::destroy(uint32_t id, const Interface& interface) {
  if (&interface == &protocol::wl_subsurface && belongs_.contains(id)) {
    detach(belongs_.at(id));
  } else if (is_extension(interface) && belongs_.contains(id)) {
    const auto surface = surfaces_.find(belongs_.at(id));
    if (surface != surfaces_.end())
      for (const Message& message : interface.requests)
        if (!message.destructor) surface->second.pending.state[state_name(message)] = "none";
  } else if (const auto role = roles_.find(id); role != roles_.end()) {
    if (const auto window = windows_.find(role->second); window != windows_.end())
      window->second = {.surface = window->second.surface};
    roles_.erase(role);
  } else if (surfaces_.contains(id)) {
    std::vector<uint32_t> children;
    for (const auto& [child, surface] : surfaces_)
      if (surface.parent == id) children.push_back(child);
    for (const uint32_t child : children) detach(child);
    detach(id);
    surfaces_.erase(id);
    std::erase_if(frames_, [&](const auto& frame) { return frame.second == id; });
  }
  values_.erase(id);
  belongs_.erase(id);
  extensions_.erase(id);
  windows_.erase(id);
}

// It leaves its parent at once, and what waited for the parent is there.
void Scene::detach(uint32_t child) {
  Surface& surface = surfaces_.at(child);
  const auto parent = surfaces_.find(surface.parent);
  surface.parent = 0;
  if (parent != surfaces_.end())
    for (Layer* layer :
         {&parent->second.pending, &parent->second.cached, &parent->second.current}) {
      std::erase(layer->stack, child);
      layer->positions.erase(child);
    }
  if (surface.has_cached) apply(child);
}

bool Scene::synchronised(const Surface& surface) const {
  for (auto at = surfaces_.find(surface.parent); surface.parent != 0 && at != surfaces_.end();) {
    if (surface.sync) return true;
    return synchronised(at->second);
  }
  return false;
}

void Scene::merge(Layer& from, Layer& into) {
  for (auto& [what, value] : from.state) into.state[what] = value;
  into.frames.insert(into.frames.end(), from.frames.begin(), from.frames.end());
  for (auto& [child, position] : from.positions) into.positions[child] = position;
  into.stack = from.stack;
  from.state.clear();
  from.frames.clear();
  from.positions.clear();
}

void Scene::commit(uint32_t id) {
  Surface& surface = surfaces_.at(id);
  surface.committed = true;
  merge(surface.pending, surface.cached);
  surface.has_cached = true;
  if (!synchronised(surface)) apply(id);
}

void Scene::apply(uint32_t id) {
  Surface& surface = surfaces_.at(id);
  const bool was_shown = surface.current.state.contains("attach");
  merge(surface.cached, surface.current);
  surface.has_cached = false;
  std::erase_if(surface.current.state, [](const auto& entry) {
    return entry.second == "none" || (entry.first == "attach" && entry.second == "null");
  });
  if (was_shown && !surface.current.state.contains("attach"))
    surface.committed = false;  // a window that is not shown any more begins anew
  for (const uint32_t child : std::vector(surface.current.stack))
    if (child != id && surfaces_.at(child).parent == id && synchronised(surfaces_.at(child)) &&
        surfaces_.at(child).has_cached)
      apply(child);
}

std::string Scene::layer_text(const Layer& layer, const std::vector<const Layer*>& below) const {
  std::string text = "{";
  // Nothing in the place of nothing is no change.
  const auto changes = [&](const std::string& what, const std::string& value) {
    const auto under = std::ranges::find_if(
        below, [&](const Layer* other) { return other->state.contains(what); });
    return value != "none" || (under != below.end() && (*under)->state.at(what) != "none");
  };
  for (const auto& [what, value] : layer.state)
    if (changes(what, value)) text += what + ": " + value + "; ";
  for (const auto& [child, position] : layer.positions)
    text += ref(child) + " at " + position + "; ";
  if (layer.stack.size() > 1) {
    text += "stack";
    for (const uint32_t id : layer.stack) text += " " + ref(id);
  }
  for (const uint32_t frame : layer.frames) text += " frame " + ref(frame);
  return text + "}";
}

std::string Scene::text(const std::function<std::string(uint32_t)>& name) const {
  std::map<std::string, std::string> lines;
  for (const auto& [id, surface] : surfaces_) {
    std::string& line = lines[name(id)];
    line = "surface, now " + layer_text(surface.current, {}) + "\n    cached " +
           layer_text(surface.cached, {&surface.current}) + "\n    pending " +
           layer_text(surface.pending, {&surface.cached, &surface.current});
    if (surface.parent != 0)
      line += "\n    child of " + ref(surface.parent) + (surface.sync ? "" : " desync");
  }
  for (const auto& [id, value] : values_) lines[name(id)] = value;
  for (const auto& [id, window] : windows_) {
    std::string& line = lines[name(id)];
    line = "window of " + ref(window.surface) + " " + window.kind +
           (surfaces_.at(window.surface).committed ? " begun" : "");
    for (const auto& [what, value] : window.state) line += "; " + what + ": " + value;
  }
  std::string text;
  for (const auto& [what, line] : lines) text += what + ": " + line + "\n";
  // Numbers become names last: they stand inside of values, too.
  std::string named;
  for (size_t at = 0; at < text.size();) {
    const size_t start = std::min(text.find('@', at), text.size());
    named += text.substr(at, start - at);
    if (start == text.size()) break;
    const size_t end = text.find('@', start + 1);
    named += name(static_cast<uint32_t>(std::stoul(text.substr(start + 1, end - start - 1))));
    at = end + 1;
  }
  return named;
}

}  // namespace wayferry::test
