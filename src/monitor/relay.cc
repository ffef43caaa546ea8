// SPDX-License-Identifier: MIT
#include "monitor/relay.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "monitor/attach_parts.h"
#include "util/error.h"
#include "wire/opcodes.gen.h"

namespace wayferry {
namespace {

constexpr std::chrono::seconds probation{10};

}  // namespace

Relay::Relay(UniqueFd app) : app_(std::move(app)), model_(std::make_unique<Connection>()) {}

Relay::Relay(UniqueFd app, FrozenConnection frozen)
    : app_(std::move(app)), model_(std::move(frozen.connection)), attaches_(1) {
  // What the app had not read comes before anything new; it is in the app's words already.
  app_.out() = std::move(frozen.unread_events);
  for (const auto& file : frozen.unread_event_files) app_.queue_fd(file->fd.duplicate());
  app_.prepend(frozen.unfinished_request);
  for (const auto& file : frozen.unfinished_request_files)
    app_.add_received_fd(file->fd.duplicate());
}

void Relay::set_link(std::unique_ptr<CompositorLink> link) {
  link_ = std::move(link);
  model_->objects.clear_compositor_ids();
  model_->objects.each_in_order([](Object& object) { object.commits_before = object.commits; });
  model_->serials.new_epoch();
  backlog_.forget_strokes();
  pings_.forget();
  named_pointers_.forget();
  if (!link_) return;
  ++attaches_;
  const auto now = std::chrono::steady_clock::now();
  if (now - attached_ > probation) forgiven_ = 0;
  attached_ = now;
}

// What a compositor has against a connection soon after a change of compositors is more likely our
// doing than that of the app, which was good where it came from: so it is attached once more. What
// goes wrong again and again is the app's after all.
bool Relay::forgive() {
  constexpr uint32_t most = 3;
  return attaches_ > 1 && std::chrono::steady_clock::now() - attached_ < probation &&
         ++forgiven_ <= most;
}

void Relay::answer_pings(Pings::Clock::time_point now) {
  pings_.answer_due(now, [&](Slot slot, uint32_t serial) {
    const Object* shell = model_->objects.find(slot);
    if (shell && shell->is(protocol::xdg_wm_base))
      ask(*shell, request::xdg_wm_base::pong, {serial});
  });
}

// Enough for a full socket to be found full.
constexpr size_t queued_at_most = 16384;

bool Relay::app_takes_all() const {
  return !held_ && backlog_.idle() && app_.output_size() <= queued_at_most;
}

bool Relay::flush_app() {
  while (true) {
    const WireChannel::Status status = app_.flush();
    if (status == WireChannel::Status::closed) return false;
    if (status == WireChannel::Status::would_block || backlog_.empty()) return true;
    backlog_.move_to(app_, queued_at_most);
  }
}

bool Relay::flush() {
  const bool app_open = held_ || flush_app();
  const bool compositor_open = !link_ || link_->channel().flush() != WireChannel::Status::closed;
  return app_open && compositor_open;
}

void Relay::round_trip(std::chrono::steady_clock::time_point end) {
  const CompositorId sign = link_->sync();
  while (!link_->synced(sign)) {
    link_->flush_all(end);
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0 || !wait_readable(link_->channel().fd(), left))
      throw CompositorLost("the compositor does not answer");
    if (!pump_compositor()) throw CompositorLost("the compositor closed the connection");
  }
}

void Relay::tell(const Object& object, uint16_t opcode, const std::vector<Word>& values) {
  if (object.app_id == AppId::none || object.life == Life::gone) return;
  const Message& message = object.interface->events[opcode];
  if (app_takes_all()) return encode(app_.out(), raw(object.app_id), message, values);
  std::string event;
  encode(event, raw(object.app_id), message, values);
  backlog_.push(message, raw(object.app_id), event.substr(header_size), {});
}

void Relay::tell_body(const Object& object, uint16_t opcode, std::string_view body) {
  if (app_takes_all()) return encode_body(app_.out(), raw(object.app_id), opcode, body);
  backlog_.push(object.interface->events[opcode], raw(object.app_id), std::string(body), {});
}

void Relay::ask(const Object& object, uint16_t opcode, const std::vector<Word>& values) {
  const Message& message = object.interface->requests[opcode];
  if (object.inert() || message.since > object.compositor_version) return;
  encode(link_->channel().out(), raw(object.compositor_id), message, values);
}

bool Relay::ask_recorded(Object& object, const Recorded& recorded, Object* made, uint32_t serial) {
  const Message& message = object.interface->requests[recorded.opcode];
  if (object.inert() || message.since > object.compositor_version) return false;
  std::string body = recorded.body;
  bool all_there = true;
  for_each_object(message, recorded.body, [&](uint32_t word, uint32_t offset) {
    const Object& named = model_->objects.at(Slot{word});
    all_there &= !named.inert();
    set_word(body, offset, raw(named.compositor_id));
  });
  if (!all_there) return false;
  Decoded decoded;
  decode(message, bytes_of(body), decoded);
  for (size_t i = 0; i < decoded.count; ++i) {
    const Argument& arg = message.args[i];
    if (arg.serial && serial == 0) return false;  // none of this compositor's is known
    if (arg.serial) set_word(body, decoded.values[i].offset, serial);
    if (arg.type != ArgType::new_id) continue;
    CHECK(made);
    model_->objects.set_compositor_id(*made, link_->allocate());
    made->compositor_version = object.compositor_version;
    set_word(body, decoded.values[i].offset, raw(made->compositor_id));
  }
  if (recorded.file) link_->channel().queue_fd(recorded.file->fd.duplicate());
  encode_body(link_->channel().out(), raw(object.compositor_id), recorded.opcode, body);
  return true;
}

void Relay::release(Object& object) {
  // Ids of the compositor's range are free at once, without a word (wayland.xml, wl_display).
  const bool acknowledged = object.app_id != AppId::none && object.app_id < AppId::first_server;
  if (acknowledged && object.life != Life::gone)
    tell(model_->objects.display(), event::wl_display::delete_id, {raw(object.app_id)});
  model_->objects.release_app_id(object);
}

void Relay::tell_inert(Object& object) {
  const InterfaceCarry& traits = traits_of(*object.interface);
  if (traits.without < 0 || object.life != Life::alive) return;
  const auto opcode = static_cast<uint16_t>(traits.without);
  const Message& event = object.interface->events[opcode];
  std::vector<Word> values;
  for (const Argument& arg : event.args)
    values.push_back(arg.type == ArgType::string ? Word(std::string_view())
                                                 : Word(traits.without_argument));
  tell(object, opcode, values);
  if (!event.destructor) return;
  model_->objects.end(object);
  release(object);
}

// Older sources have no other word for it either, and would wait for ever.
void Relay::end_drag(Object& source) {
  if (!std::exchange(source.dragged, false) || source.life != Life::alive) return;
  tell(source, event::wl_data_source::cancelled, {});
}

void Relay::announce(const VirtualGlobal& global) {
  for (const Object* registry : model_->objects.in_order())
    if (registry->is(protocol::wl_registry) && registry->life == Life::alive)
      tell(*registry, event::wl_registry::global,
           {global.name, global.interface->name, global.version});
}

void Relay::watch_globals() {
  link_->on_global = [this](const CompositorGlobal& global, bool gone) {
    global_changed(global, gone);
  };
}

void Relay::withdraw(VirtualGlobal& global) {
  global.compositor_name = 0;
  global.withdrawn = true;
  for (const Object* registry : model_->objects.in_order())
    if (registry->is(protocol::wl_registry) && registry->life == Life::alive)
      tell(*registry, event::wl_registry::global_remove, {global.name});
}

void Relay::global_changed(const CompositorGlobal& global, bool gone) {
  if (gone) {
    const auto at =
        std::ranges::find(model_->globals, global.name, &VirtualGlobal::compositor_name);
    if (at != model_->globals.end()) withdraw(*at);
    return;
  }
  const uint32_t version = offered_version(global);
  if (version == 0 || stand_behind_known(global, version)) return;
  VirtualGlobal& added = model_->add_global(*find_interface(global.interface), version);
  added.compositor_name = global.name;
  added.compositor_version = version;
  announce(added);
}

// The app knows one of this kind that nothing stood behind: an output that comes late, for example.
bool Relay::stand_behind_known(const CompositorGlobal& global, uint32_t version) {
  const auto known = std::ranges::find_if(model_->globals, [&](const VirtualGlobal& other) {
    return other.interface->name == global.interface && other.compositor_name == 0 &&
           !other.withdrawn;
  });
  if (known == model_->globals.end()) return false;
  known->compositor_name = global.name;
  known->compositor_version = std::min(version, known->version);
  model_->objects.each_in_order([&](Object& object) {
    if (object.life == Life::alive && object.inert() && global_name(*model_, object) == known->name)
      bind_at_compositor(object, *known);
  });
  return true;
}

uint32_t Relay::offered_version(const CompositorGlobal& global) const {
  const Interface* interface = find_interface(global.interface);
  if (!interface || interface == &protocol::wl_fixes) return 0;  // that one is ours
  const uint32_t version = std::min(global.version, baseline_version(*interface));
  if (offer_.empty()) return version;
  const auto limit = offer_.find(global.interface);
  return limit == offer_.end() ? 0 : std::min(version, limit->second);
}

}  // namespace wayferry
