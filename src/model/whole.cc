// SPDX-License-Identifier: MIT
#include "model/whole.h"

#include <algorithm>
#include <set>

#include "util/error.h"
#include "wire/opcodes.gen.h"

namespace wayferry {
namespace {

[[noreturn]] void fail(const Object& object, const std::string& text) {
  throw ProtocolError("state, " + std::string(object.interface->name) + " in slot " +
                          std::to_string(raw(object.slot)),
                      text);
}

// Of requests that need code only these are kept, to be said again (connection.cc).
bool kept_by_code(const Object& object, const Message& request) {
  if (object.is(protocol::wl_subsurface))
    return request_carry(request).group == request::wl_subsurface::set_sync;
  return object.is(protocol::xdg_popup) && request.opcode == request::xdg_popup::grab;
}

bool one_a_group(RequestRule rule) {
  return rule != RequestRule::each && rule != RequestRule::append;
}

class Check {
 public:
  explicit Check(Connection& connection) : connection_(connection), objects_(connection.objects) {}

  void all() {
    for (const Object* object : objects_.in_order()) {
      look_at_id(*object);
      look_at_creation(*object);
      for (const auto* records : {&object->log, &object->cached, &object->pending, &object->focus})
        look_at_requests(*object, *records);
      for (const Recorded& told : object->told)
        look_at(*object, object->interface->events[told.opcode], told, object->version);
      look_at_parts(*object);
      look_at_configure(*object);
      for (const auto* stack : {&object->stack, &object->stack_cached, &object->stack_now})
        look_at_stack(*object, *stack);
    }
  }

 private:
  // Who gave the number, the app or its compositor, can be seen from it.
  static void look_at_id(const Object& object) {
    if (object.slot == Slot::display || object.app_id == AppId::none) return;
    if (object.life == Life::alive && object.by_event != (object.app_id >= AppId::first_server))
      fail(object, "its number is not of the side that made it");
  }

  void look_at_creation(const Object& object) {
    if (object.creation.sequence > connection_.sequence()) fail(object, "it is of the future");
    if (object.maker == Slot::none) return;
    const Object& maker = objects_.at(object.maker);
    look_at(object, maker.interface->requests[object.creation.opcode], object.creation,
            maker.version);
  }

  // What the object of a later version has is not there in its own.
  void look_at(const Object& object, const Message& message, const Recorded& recorded,
               uint32_t version) {
    if (message.since > version) fail(object, qualified_name(message) + " is too new for it");
    if (recorded.sequence > connection_.sequence())
      fail(object, qualified_name(message) + " is of the future");
    if (recorded.body.size() > max_message_size - header_size)
      fail(object, qualified_name(message) + " is longer than a message can be");
  }

  void look_at_requests(const Object& object, const std::vector<Recorded>& records) {
    std::set<uint16_t> groups;
    for (const Recorded& recorded : records) {
      const Message& request = object.interface->requests[recorded.opcode];
      const RequestRule rule = request_carry(request).rule;
      look_at(object, request, recorded, object.version);
      if (rule == RequestRule::code && !kept_by_code(object, request))
        fail(object, qualified_name(request) + " is never kept");
      if (one_a_group(rule) && !groups.insert(recorded.group).second)
        fail(object, qualified_name(request) + " is there twice");
    }
  }

  static void look_at_parts(const Object& object) {
    if (object.busy && !object.is(protocol::wl_buffer)) fail(object, "only a buffer can be busy");
    if (object.dragged && !object.is(protocol::wl_data_source))
      fail(object, "only a data source can be dragged");
    if ((object.awaits_commit || object.awaits_parent) && !object.is(protocol::wl_callback))
      fail(object, "only a callback can wait for a commit");
    const bool surfaces = object.committed || object.waits || !object.stack.empty() ||
                          !object.stack_cached.empty() || !object.stack_now.empty() ||
                          !object.lingering.empty() || !object.lingering_cached.empty();
    if (surfaces && !object.is(protocol::wl_surface)) fail(object, "only a surface has parts");
  }

  // It may be told to the app again as it stands.
  static void look_at_configure(const Object& object) {
    if (object.told_configure.empty()) return;
    const bool popup = object.is(protocol::xdg_popup);
    if (!popup && !object.is(protocol::xdg_toplevel)) fail(object, "it cannot be configured");
    if (object.told_configure.size() > max_message_size - header_size)
      fail(object, "its configure is longer than a message can be");
    const auto opcode =
        popup ? uint16_t{event::xdg_popup::configure} : uint16_t{event::xdg_toplevel::configure};
    Decoded decoded;
    decode(object.interface->events[opcode], bytes_of(object.told_configure), decoded);
  }

  // Children are placed from their parent outwards, each next to another.
  static void look_at_stack(const Object& object, const std::vector<Slot>& stack) {
    if (stack.empty()) return;
    if (!std::ranges::contains(stack, object.slot)) fail(object, "it is not in its own stack");
    if (std::set(stack.begin(), stack.end()).size() != stack.size())
      fail(object, "its stack names something twice");
  }

  Connection& connection_;
  Objects& objects_;
};

}  // namespace

void demand_whole(Connection& connection) {
  Check(connection).all();
}

}  // namespace wayferry
