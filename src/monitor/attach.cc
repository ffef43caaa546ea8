// SPDX-License-Identifier: MIT
#include "monitor/attach.h"

#include <algorithm>
#include <ranges>

#include "util/error.h"
#include "wire/opcodes.gen.h"

namespace wayferry {
namespace {

using Clock = std::chrono::steady_clock;

const Message& creation_request(Connection& model, const Object& object) {
  return model.objects.at(object.maker).interface->requests[object.creation.opcode];
}

bool is_frame_callback(Connection& model, const Object& object) {
  return object.maker != Slot::none && model.objects.at(object.maker).is(protocol::wl_surface) &&
         object.creation.opcode == request::wl_surface::frame;
}

std::string name_of(const Object& object) {
  return std::string(object.interface->name) + "@" + std::to_string(raw(object.app_id));
}

// One attach. The steps are in the order of run(); each says why it stands where it stands.
class Attach {
 public:
  Attach(Relay& relay, Clock::time_point end)
      : relay_(relay), model_(relay.model()), objects_(relay.model().objects), end_(end) {}

  AttachReport run() {
    tell_leaving();
    match_globals();
    rebuild_objects();
    configure_windows();
    rebuild_contents();
    destroy_makers();
    dismiss_and_release();
    tell_wanted_sizes();
    relay_.round_trip(end_);
    announce_new();
    report_.objects = objects_.size();
    return std::move(report_);
  }

 private:
  // What held at the old compositor ends before anything of the new one is heard: the app loses
  // focus before it is given again, and leaves outputs before it enters others.
  void tell_leaving() {
    for (Object* object : objects_.in_order()) {
      for (const Recorded& told : std::exchange(object->told, {})) {
        tell_closing(*object, told);
        objects_.let_go(object->interface->events[told.opcode], told);
      }
    }
    release_stale_buffers();
  }

  void tell_closing(const Object& object, const Recorded& told) {
    const Message& event = object.interface->events[told.opcode];
    const EventCarry& carry = event_carry(event);
    if (carry.rule == EventRule::null) return relay_.tell(object, told.opcode, {0u});
    const auto opcode = static_cast<uint16_t>(carry.closing);
    const Message& closing = object.interface->events[opcode];
    std::vector<Word> values;
    for (const Argument& arg : closing.args) values.push_back(closing_value(arg, event, told));
    relay_.tell(object, opcode, values);
    tell_frame(object);
  }

  // Serials are ours; objects are those of the opening event; an object that is gone is null.
  uint32_t closing_value(const Argument& arg, const Message& event, const Recorded& told) {
    if (arg.serial) return model_.serials.own();
    if (arg.type != ArgType::object) return 0;
    const Object& named = objects_.at(slot_of(event, told.body, arg.name));
    return named.life == Life::gone ? 0 : raw(named.app_id);
  }

  // Pointers group their events: without a frame the app would wait with the leave.
  void tell_frame(const Object& object) {
    if (object.is(protocol::wl_pointer) && object.version >= 5)
      relay_.tell(object, event::wl_pointer::frame, {});
  }

  // Buffers that the old compositor still held and that no window shows: they would never come back
  // and the app would starve.
  void release_stale_buffers() {
    std::set<Slot> shown;
    for (const Object* object : objects_.in_order()) {
      if (!object->is(protocol::wl_surface) || object->life != Life::alive) continue;
      const auto attach =
          std::ranges::find(object->log, request::wl_surface::attach, &Recorded::group);
      if (attach != object->log.end())
        shown.insert(slot_of(object->interface->requests[attach->opcode], attach->body, "buffer"));
    }
    for (Object* object : objects_.in_order()) {
      if (!object->busy || shown.contains(object->slot)) continue;
      object->busy = false;
      if (object->life == Life::alive) relay_.tell(*object, event::wl_buffer::release, {});
    }
  }

  // The app keeps its names and versions; behind each stands the first free global of the same
  // kind here, or none.
  void match_globals() {
    relay_.round_trip(end_);
    std::set<uint32_t> used;
    for (VirtualGlobal& known : model_.globals) {
      known.compositor_name = 0;
      for (const CompositorGlobal& global : relay_.link()->globals()) {
        if (known.withdrawn || global.interface != known.interface->name ||
            !used.insert(global.name).second)
          continue;
        known.compositor_name = global.name;
        known.compositor_version = std::min(global.version, known.version);
        break;
      }
    }
    for (const CompositorGlobal& global : relay_.link()->globals())
      if (offered_version(global) > 0 && !used.contains(global.name)) new_globals_.push_back(global);
  }

  struct Step {
    uint64_t sequence;
    Object* object;
    const Recorded* request;  // null: the object is made
  };

  // Makers, objects and their lasting requests in the order of the app's own words: what was right
  // to say then is right now. Dead makers that something alive needs are made too.
  void rebuild_objects() {
    std::vector<Step> steps;
    for (Object* object : objects_.in_order()) {
      if (object->slot == Slot::display || (object->life != Life::alive && object->strong == 0))
        continue;
      steps.push_back({object->creation.sequence, object, nullptr});
      for (const Recorded& recorded : object->log)
        if (!recorded.strong) steps.push_back({recorded.sequence, object, &recorded});
    }
    std::ranges::stable_sort(steps, {}, &Step::sequence);
    for (const Step& step : steps) {
      if (!step.request)
        make(*step.object);
      else if (!step.object->inert())
        relay_.ask_recorded(*step.object, *step.request);
    }
  }

  void make(Object& object) {
    if (object.by_event || object.is(protocol::wl_registry)) return;
    if (is_frame_callback(model_, object)) return;  // with its surface's commit
    Object& maker = objects_.at(object.maker);
    if (maker.is(protocol::wl_registry)) {
      make_global(object);
    } else if (request_carry(creation_request(model_, object)).rule == RequestRule::dismiss) {
      dismissed_.push_back(&object);
    } else if (maker.is(protocol::wl_seat) && !seat_can_make(object, maker)) {
      report_.inert.push_back(name_of(object) + ": the seat has no such device here");
    } else if (!relay_.ask_recorded(maker, object.creation, &object)) {
      report_.inert.push_back(name_of(object) + ": what it was made from is not there");
      inert_.push_back(&object);
    }
  }

  void make_global(Object& object) {
    const Message& bind = creation_request(model_, object);
    Decoded decoded;
    decode(bind, bytes_of(object.creation.body), decoded);
    const VirtualGlobal* global = model_.global_by_name(value_of(bind, decoded, "name").word);
    if (global) relay_.bind_at_compositor(object, *global);
    if (!object.inert()) return;
    report_.inert.push_back(name_of(object) + ": this compositor has no such global");
    inert_.push_back(&object);
  }

  // A device of a kind that the seat lacks is a fatal error since wl_seat 5's text; the seat says
  // what it has in an event, so that is waited for once.
  bool seat_can_make(const Object& device, const Object& seat) {
    if (asked_seats_.insert(seat.slot).second) relay_.round_trip(end_);
    // wl_seat.capability: pointer 1, keyboard 2, touch 4.
    const uint32_t needed = device.is(protocol::wl_pointer)    ? 1
                            : device.is(protocol::wl_keyboard) ? 2
                                                               : 4;
    return (seat.capabilities & needed) != 0;
  }

  Object* surface_of(const Object& xdg_surface) { return objects_.find(xdg_surface.surface); }

  // A window must be configured before it may show anything. Those that were on screen are answered
  // by us; one that the app had not shown yet gets its configure as usual.
  void configure_windows() {
    for (Object* object : objects_.in_order()) {
      if (!object->is(protocol::xdg_toplevel) || object->inert() || object->life != Life::alive)
        continue;
      Object& xdg_surface = objects_.at(object->maker);
      Object* surface = surface_of(xdg_surface);
      if (!surface || surface->inert()) continue;
      if (model_.mapped(*surface)) relay_.self_configured.insert(xdg_surface.slot);
      relay_.ask(*surface, request::wl_surface::commit, {});
    }
    // Compositors may take their time (sway arranges first), so more than one round trip is normal.
    while (!relay_.self_configured.empty()) relay_.round_trip(end_);
  }

  // Children before parents: a synchronised sub-surface's state is taken over with its parent's
  // commit, so the parent's picture comes up whole.
  void rebuild_contents() {
    std::vector<Object*> surfaces;
    for (Object* object : objects_.in_order())
      if (object->is(protocol::wl_surface) && !object->inert() && object->life == Life::alive)
        surfaces.push_back(object);
    std::ranges::stable_sort(surfaces, std::greater(), [&](Object* s) { return depth(*s); });
    for (Object* surface : surfaces) rebuild_surface(*surface);
  }

  int depth(const Object& surface) {
    for (Object* object : objects_.in_order()) {
      if (!object->is(protocol::wl_subsurface) || object->life != Life::alive) continue;
      if (slot_of(creation_request(model_, *object), object->creation.body, "surface") !=
          surface.slot)
        continue;
      const Object* parent = objects_.find(object->surface);
      return parent ? depth(*parent) + 1 : 0;
    }
    return 0;
  }

  std::vector<Object*> parts_of(Object& surface) {
    std::vector<Object*> parts = {&surface};
    for (const Slot slot : surface.dependents) parts.push_back(&objects_.at(slot));
    return parts;
  }

  void rebuild_surface(Object& surface) {
    bool said = false;
    for (Object* part : parts_of(surface)) {
      for (const Recorded& recorded : part->log)
        if (recorded.strong) said |= relay_.ask_recorded(*part, recorded);
      if (is_frame_callback(model_, *part) && !part->awaits_commit)
        said |= relay_.ask_recorded(surface, part->creation, part);
    }
    place_children(surface);
    if (model_.mapped(surface)) damage_all(surface);
    if (said) relay_.ask(surface, request::wl_surface::commit, {});
    for (Object* part : parts_of(surface)) {
      for (const Recorded& recorded : part->pending) relay_.ask_recorded(*part, recorded);
      if (is_frame_callback(model_, *part) && part->awaits_commit)
        relay_.ask_recorded(surface, part->creation, part);
    }
  }

  void damage_all(const Object& surface) {
    constexpr uint32_t everything = 0x7fffffff;
    relay_.ask(surface, request::wl_surface::damage, {0u, 0u, everything, everything});
  }

  // From the parent outwards: each child is placed next to one that has its place already.
  void place_children(Object& parent) {
    const auto& stack = parent.stack;
    const auto middle = std::ranges::find(stack, parent.slot) - stack.begin();
    for (auto i = middle - 1; i >= 0; --i)
      place(parent, stack[static_cast<size_t>(i)], request::wl_subsurface::place_below,
            stack[static_cast<size_t>(i) + 1]);
    for (auto i = middle + 1; i < std::ssize(stack); ++i)
      place(parent, stack[static_cast<size_t>(i)], request::wl_subsurface::place_above,
            stack[static_cast<size_t>(i) - 1]);
  }

  void place(Object& parent, Slot child, uint16_t request, Slot sibling) {
    for (const Slot slot : parent.dependents) {
      const Object& object = objects_.at(slot);
      if (!object.is(protocol::wl_subsurface) || object.inert()) continue;
      if (slot_of(creation_request(model_, object), object.creation.body, "surface") == child)
        relay_.ask(object, request, {raw(objects_.at(sibling).compositor_id)});
    }
  }

  // Made again only for what depends on them: the app has destroyed them long ago.
  void destroy_makers() {
    for (Object* object : objects_.in_order() | std::views::reverse) {
      if (object->life == Life::alive || object->inert()) continue;
      const auto destructor =
          std::ranges::find_if(object->interface->requests, [](const Message& request) {
            return request.destructor && request.args.empty();
          });
      if (destructor != object->interface->requests.end())
        relay_.ask(*object, destructor->opcode, {});
    }
  }

  void dismiss_and_release() {
    for (Object* object : dismissed_) {
      const auto opcode = static_cast<uint16_t>(
          request_carry(creation_request(model_, *object)).dismissal);
      relay_.tell(*object, opcode, {});
      if (!object->interface->events[opcode].destructor) continue;
      objects_.end(*object);
      relay_.release(*object);
    }
    for (Object* object : inert_) relay_.tell_inert(*object);
    // Frame callbacks of what cannot be shown fire once, or the app would wait for ever.
    for (Object* object : objects_.in_order())
      if (object->life == Life::alive && object->inert() && is_frame_callback(model_, *object))
        relay_.tell_inert(*object);
    // The old compositor owed these a delete_id.
    std::vector<Slot> owed;
    for (const Object* object : objects_.in_order())
      if (object->life == Life::destroyed && object->inert()) owed.push_back(object->slot);
    for (const Slot slot : owed)
      if (Object* object = objects_.find(slot)) relay_.release(*object);
  }

  // A size that differs from what the app was told last is passed on; its answer carries a serial
  // of ours, which goes no further, since we have answered the compositor already.
  void tell_wanted_sizes() {
    for (auto& [slot, body] : std::exchange(relay_.wanted_configures, {})) {
      Object* toplevel = objects_.find(slot);
      constexpr size_t size_bytes = 8;  // xdg_toplevel.configure: width, height, then states
      const auto size = body.substr(0, size_bytes);
      const bool left_to_us = size == std::string(size_bytes, '\0');
      if (!toplevel || left_to_us || toplevel->told_configure.starts_with(size)) continue;
      encode_body(relay_.app().out(), raw(toplevel->app_id), event::xdg_toplevel::configure, body);
      toplevel->told_configure = body;
      relay_.tell(objects_.at(toplevel->maker), event::xdg_surface::configure,
                  {model_.serials.own()});
    }
  }

  void announce_new() {
    for (const CompositorGlobal& global : new_globals_) {
      VirtualGlobal& added =
          model_.add_global(*find_interface(global.interface), offered_version(global));
      added.compositor_name = global.name;
      added.compositor_version = added.version;
      relay_.announce(added);
    }
  }

  Relay& relay_;
  Connection& model_;
  Objects& objects_;
  Clock::time_point end_;
  std::vector<CompositorGlobal> new_globals_;
  std::vector<Object*> dismissed_;
  std::vector<Object*> inert_;
  std::set<Slot> asked_seats_;
  AttachReport report_;
};

}  // namespace

AttachReport attach(Relay& relay, const std::string& display, std::chrono::milliseconds limit) {
  relay.set_link(std::make_unique<CompositorLink>(display));
  relay.attaching = true;
  relay.focus_owed = true;
  try {
    AttachReport report = Attach(relay, Clock::now() + limit).run();
    relay.attaching = false;
    relay.watch_globals();
    return report;
  } catch (...) {
    // Whoever tries again starts from a clean connection.
    relay.attaching = false;
    relay.self_configured.clear();
    relay.wanted_configures.clear();
    relay.set_link(nullptr);
    throw;
  }
}

std::vector<std::string> missing_globals(const std::string& display,
                                         const std::vector<control::Global>& needed,
                                         std::chrono::milliseconds limit) {
  Relay probe{UniqueFd()};
  probe.set_link(std::make_unique<CompositorLink>(display));
  probe.round_trip(Clock::now() + limit);
  std::vector<std::string> missing;
  for (const control::Global& global : needed) {
    const auto known = std::ranges::find_if(baseline(), [&](const BaselineGlobal& b) {
      return b.interface->name == global.interface();
    });
    const bool required = known == baseline().end() || known->required;
    const bool there = std::ranges::contains(probe.link()->globals(), global.interface(),
                                             &CompositorGlobal::interface);
    if (required && !there)
      missing.push_back(global.interface() + " version " + std::to_string(global.version()) +
                        ": the compositor does not have it");
  }
  return missing;
}

}  // namespace wayferry
