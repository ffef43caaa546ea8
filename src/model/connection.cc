// SPDX-License-Identifier: MIT
#include "model/connection.h"

#include <algorithm>

#include "util/error.h"
#include "wire/opcodes.gen.h"

namespace wayferry {

Object* Call::object_named(std::string_view name) const {
  const auto arg = std::ranges::find(message->args, name, &Argument::name);
  CHECK(arg != message->args.end());
  return objects[static_cast<size_t>(arg - message->args.begin())];
}

VirtualGlobal& Connection::add_global(const Interface& interface, uint32_t version) {
  const auto name = static_cast<uint32_t>(globals.size() + 1);
  return globals.emplace_back(VirtualGlobal{name, &interface, version});
}

VirtualGlobal* Connection::global_by_name(uint32_t app_name) {
  const bool known = app_name >= 1 && app_name <= globals.size();
  return known ? &globals[app_name - 1] : nullptr;
}

void Connection::request(const Call& call) {
  const RequestCarry& carry = request_carry(*call.message);
  switch (carry.rule) {
    case RequestRule::none:
    case RequestRule::drop:
      break;
    case RequestRule::create:
    case RequestRule::dismiss:
      create(call);
      break;
    case RequestRule::destroy:
      destroy(*call.object);
      break;
    case RequestRule::latest:
      keep_latest(*call.object, call.object->log, record(call, false));
      break;
    case RequestRule::grow: {
      Recorded recorded = record(call, false);
      recorded.sequence = call.object->creation.sequence;
      keep_latest(*call.object, call.object->log, std::move(recorded));
      break;
    }
    case RequestRule::each:
      keep_each(call);
      break;
    case RequestRule::append:
      call.object->log.push_back(record(call, true));
      break;
    case RequestRule::pending:
      keep_latest(*call.object, call.object->pending, record(call, true));
      break;
    case RequestRule::focus:
      keep_latest(*call.object, call.object->focus, record(call, false));
      break;
    case RequestRule::code:
      request_code(call);
      break;
  }
}

void Connection::request_code(const Call& call) {
  const auto is = [&](const Interface& interface, uint16_t opcode) {
    return call.object->is(interface) && call.message->opcode == opcode;
  };
  if (is(protocol::wl_surface, request::wl_surface::commit)) {
    commit(*call.object);
  } else if (is(protocol::wl_surface, request::wl_surface::frame)) {
    create(call);
    call.made->awaits_commit = true;
  } else if (call.object->is(protocol::wl_subsurface) &&
             request_carry(*call.message).group == request::wl_subsurface::set_sync) {
    set_mode(call);
  } else if (is(protocol::wl_subsurface, request::wl_subsurface::place_above) ||
             is(protocol::wl_subsurface, request::wl_subsurface::place_below)) {
    place(call);
  } else if (is(protocol::zwp_text_input_v3, request::zwp_text_input_v3::commit)) {
    ++call.object->commits;
  } else if (is(protocol::xdg_popup, request::xdg_popup::grab)) {
    keep_latest(*call.object, call.object->log, record(call, false));  // attach looks for it
  } else if (is(protocol::wl_data_device, request::wl_data_device::start_drag)) {
    if (Object* source = call.object_named("source")) source->dragged = true;
  } else if (call.made) {
    create(call);  // wl_display.get_registry, wl_registry.bind, wl_seat.get_*
  }
}

void Connection::event(const Call& call) {
  switch (event_carry(*call.message).rule) {
    case EventRule::none:
    case EventRule::pass:
    case EventRule::stream:
      break;
    case EventRule::until:
      told_until(call);
      break;
    case EventRule::ends:
      told_end(call);
      break;
    case EventRule::null:
      told_until(call);
      break;
    case EventRule::code:
      event_code(call);
      break;
  }
  if (call.message->destructor && call.object->life == Life::alive) destroy(*call.object);
}

void Connection::event_code(const Call& call) {
  if (call.object->is(protocol::wl_buffer)) {
    call.object->busy = false;
  } else if (call.object->is(protocol::wl_seat)) {
    call.object->capabilities = call.value("capabilities").word;
  } else if (call.object->is(protocol::wl_output)) {
    call.object->scale = call.value("factor").word;
  } else if (call.object->is(protocol::wl_data_source)) {
    call.object->dragged = false;  // cancelled or finished
  } else if (call.object->is(protocol::wl_data_device)) {
    // Dropped: no leave follows, what was dropped is the app's to fetch.
    forget_told(*call.object, event::wl_data_device::enter, [](const Recorded&) { return true; });
  } else if (call.object->is(protocol::xdg_toplevel) || call.object->is(protocol::xdg_popup)) {
    call.object->told_configure = as_text(call.body);
  }
}

Recorded Connection::record(const Call& call, bool strong) {
  const Message& message = *call.message;
  // An event has its group in its own opcode; a request's may be shared.
  const bool request = &message == &call.object->interface->requests[message.opcode];
  Recorded recorded{.opcode = message.opcode,
                    .group = request ? request_carry(message).group : message.opcode,
                    .strong = strong,
                    .body = std::string(as_text(call.body)),
                    .file = call.file};
  for (size_t i = 0; i < call.args->count; ++i) {
    const Argument& arg = message.args[i];
    const Value& value = call.args->values[i];
    Object* object = arg.type == ArgType::new_id ? call.made : call.objects[i];
    if (arg.type == ArgType::object && object && request && traits_of(*object->interface).value)
      set_word(recorded.body, value.offset, raw(clone(*object)));
    else if (arg.type == ArgType::object || arg.type == ArgType::new_id)
      set_word(recorded.body, value.offset, object ? raw(object->slot) : 0);
  }
  recorded.sequence = next_sequence();  // behind the copies, which a rebuild makes first
  objects.keep(message, recorded);
  return recorded;
}

// The copy lives as long as a record names it; it is never the app's.
Slot Connection::clone(Object& value) {
  Object& copy = objects.make(*value.interface, value.version, AppId::none);
  copy.maker = value.maker;
  copy.creation = value.creation;
  copy.creation.sequence = next_sequence();
  copy.log = value.log;
  if (copy.maker != Slot::none) {
    objects.keep_maker(copy);
    objects.keep(objects.at(copy.maker).interface->requests[copy.creation.opcode], copy.creation);
  }
  for (Recorded& recorded : copy.log) {
    recorded.sequence = next_sequence();  // a rebuild asks it of the copy, so after making that
    objects.keep(copy.interface->requests[recorded.opcode], recorded);
  }
  return copy.slot;
}

void Connection::keep_latest(Object& object, std::vector<Recorded>& records, Recorded recorded) {
  const auto old = std::ranges::find(records, recorded.group, &Recorded::group);
  if (old != records.end()) {
    const Recorded replaced = std::move(*old);
    records.erase(old);
    objects.let_go(object.interface->requests[replaced.opcode], replaced);
  }
  records.push_back(std::move(recorded));
}

void Connection::keep_each(const Call& call) {
  Object& key = *call.objects[0];
  drop_each(*call.object, key.slot, call.message->opcode);
  key.keyed = true;
  call.object->log.push_back(record(call, true));
}

void Connection::drop_each(Object& object, Slot key, std::optional<uint16_t> opcode) {
  std::vector<Recorded> dropped;
  std::erase_if(object.log, [&](Recorded& recorded) {
    const Message& request = object.interface->requests[recorded.opcode];
    const bool drop = request_carry(request).rule == RequestRule::each &&
                      (!opcode || *opcode == recorded.opcode) &&
                      slot_of(request, recorded.body, request.args[0].name) == key;
    if (drop) dropped.push_back(std::move(recorded));
    return drop;
  });
  for (const Recorded& recorded : dropped)
    objects.let_go(object.interface->requests[recorded.opcode], recorded);
}

void Connection::create(const Call& call) {
  Object& made = *call.made;
  made.maker = call.object->slot;
  made.creation = record(call, true);
  objects.keep_maker(made);
  link(made);
  // The next decoration is what holds: an attach must make it before its window shows anything.
  if (made.is(protocol::zxdg_toplevel_decoration_v1)) forget_decoration(objects.find(made.surface));
}

void Connection::destroy(Object& object) {
  if (object.is(protocol::wl_subsurface)) leave_parent(object);
  if (object.is(protocol::wl_surface)) leave_family(object);
  if (object.is(protocol::xdg_toplevel)) forget_decoration(objects.find(object.surface));
  if (object.keyed)
    objects.each_in_order([&](Object& other) { drop_each(other, object.slot, std::nullopt); });
  stop_lingering(object.lingering);
  stop_lingering(object.lingering_cached);
  if (traits_of(*object.interface).lingers) linger(object);
  objects.end(object);
}

void Connection::forget_told(Object& object, uint16_t opcode,
                             const std::function<bool(const Recorded&)>& which) {
  std::erase_if(object.told, [&](const Recorded& told) {
    const bool forget = told.opcode == opcode && which(told);
    if (forget) objects.let_go(object.interface->events[opcode], told);
    return forget;
  });
}

void Connection::told_until(const Call& call) {
  Object& object = *call.object;
  const Message& event = *call.message;
  const bool null = event_carry(event).rule == EventRule::null;
  Recorded recorded = record(call, false);
  forget_told(object, event.opcode, [&](const Recorded& old) {
    return null || same_objects(event, old.body, event, recorded.body);
  });
  if (null && !call.objects[0]) return;  // null names nothing, so nothing was counted
  object.told.push_back(std::move(recorded));
}

void Connection::told_end(const Call& call) {
  Object& object = *call.object;
  const Recorded ending = record(call, false);
  for (const Message& event : object.interface->events)
    if (event_carry(event).closing == call.message->opcode)
      forget_told(object, event.opcode, [&](const Recorded& old) {
        return same_objects(event, old.body, *call.message, ending.body);
      });
  objects.let_go(*call.message, ending);
}

}  // namespace wayferry
