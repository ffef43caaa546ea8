// SPDX-License-Identifier: MIT
//
// The compositor's side of a relay: its events, checked, recorded and passed on.

#include <linux/sockios.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "monitor/bridges.h"
#include "monitor/kept_size.h"
#include "monitor/relay.h"
#include "monitor/scales.h"
#include "monitor/shared_files.h"
#include "util/error.h"
#include "wire/opcodes.gen.h"

namespace wayferry {
namespace {

const Message& event_of(const Interface& interface, const Header& header) {
  if (header.opcode >= interface.events.size())
    throw CompositorLost("the compositor sent an unknown event of " + std::string(interface.name));
  return interface.events[header.opcode];
}

}  // namespace

bool Relay::pump_compositor() {
  WireChannel& channel = link_->channel();
  WireChannel::Status status;
  do {
    status = channel.receive();
    while (const auto header = read_header(channel.received())) {
      if (channel.received().size() < header->size) break;
      const Bytes message = channel.received().first(header->size);
      compositor_message(*header, message.subspan(header_size));
      channel.consume(header->size);
      ++messages_;
      if (!backlog_.empty()) look_at_backlog();
    }
  } while (status == WireChannel::Status::open && channel.read_was_full());
  return status != WireChannel::Status::closed;
}

void Relay::compositor_message(const Header& header, Bytes body) {
  Object* object = model_->objects.by_compositor(CompositorId{header.object});
  if (!object) {
    if (link_->own_event(CompositorId{header.object}, header.opcode, body)) return;
    if (const Interface* interface = link_->abandoned(CompositorId{header.object}))
      return skip_event(*interface, header, body);
    throw CompositorLost("the compositor sent an event for object " +
                         std::to_string(header.object) + ", which is not there");
  }
  const Message& message = event_of(*object->interface, header);
  Decoded decoded;
  decode(message, body, decoded);
  Fds fds = take_fds(message, decoded);

  Call call(object, message, decoded, body);
  if (!resolve_event(call)) return;
  if (!event_code(call, fds) || !reaches_app(call)) return;
  std::string kept;
  if (object->is(protocol::xdg_toplevel) && header.opcode == event::xdg_toplevel::configure)
    kept = with_kept_size(*model_, *object, as_text(body));
  if (!kept.empty()) call.body = bytes_of(kept);
  const bool older = object->compositor_version < object->version;
  const bool instead = older && bridge_event(*this, call, Moment::instead);
  if (older) bridge_event(*this, call, Moment::before);
  if (!instead) pass_event(call, std::move(fds));
  model_->event(call);
  // Of an object that the compositor made nobody says delete_id.
  if (message.destructor && object->by_event) return release(*object);
  if (older) bridge_event(*this, call, Moment::after);
  follow_scale(*this, call);
  if (object->is(protocol::wl_keyboard) && header.opcode == event::wl_keyboard::enter)
    focus_came(call.value("serial").word);
}

Relay::Fds Relay::take_fds(const Message& message, const Decoded& decoded) {
  if (decoded.fds > link_->channel().received_fds())
    throw CompositorLost("the compositor sent " + qualified_name(message) +
                         " without its file descriptor");
  Fds fds;
  for (size_t i = 0; i < decoded.fds; ++i) fds.push_back(link_->channel().take_fd());
  return fds;
}

// Said before the compositor knew that the object is gone, or because it never can know.
void Relay::skip_event(const Interface& interface, const Header& header, Bytes body) {
  const Message& message = event_of(interface, header);
  Decoded decoded;
  decode(message, body, decoded);
  take_fds(message, decoded);
  for (size_t i = 0; i < decoded.count; ++i)
    if (message.args[i].type == ArgType::new_id)
      link_->abandon(CompositorId{decoded.values[i].word}, *message.args[i].interface);
}

bool Relay::resolve_event(Call& call) {
  bool whole = true;
  for (size_t i = 0; i < call.args->count; ++i) {
    const Argument& arg = call.message->args[i];
    const Value& value = call.args->values[i];
    if (arg.type == ArgType::new_id) {
      if (!model_->objects.may_come(CompositorId{value.word}))
        throw CompositorLost("the compositor gave id " + std::to_string(value.word) +
                             " to a new object");
      // The app learns of it only where it learns of this event.
      const bool told =
          call.object->life == Life::alive && call.message->since <= call.object->version;
      const AppId id = told ? model_->objects.next_server_id() : AppId::none;
      call.made = &model_->objects.make(*arg.interface, call.object->version, id);
      call.made->by_event = true;
      call.made->creation.sequence = model_->next_sequence();
      call.made->compositor_version = call.object->compositor_version;
      link_->reused(CompositorId{value.word});
      model_->objects.set_compositor_id(*call.made, CompositorId{value.word});
    } else if (arg.type == ArgType::object && value.word != 0) {
      call.objects[i] = model_->objects.by_compositor(CompositorId{value.word});
      if (call.objects[i] && arg.interface && call.objects[i]->interface != arg.interface)
        throw CompositorLost("the compositor named an object of another kind in " +
                             qualified_name(*call.message));
      whole &= call.objects[i] || arg.nullable;
    }
  }
  return whole;
}

// Events that need code. False: the event goes no further.
bool Relay::event_code(const Call& call, Fds& fds) {
  const Object& object = *call.object;
  if (object.is(protocol::wl_display)) return display_event(call);
  if (event_carry(*call.message).rule != EventRule::code) return true;
  if (object.is(protocol::xdg_wm_base)) {
    if (!app_is_behind()) {
      pings_.passed(object.slot, call.value("serial").word, Pings::Clock::now());
      return true;
    }
    // The app cannot answer now; a compositor that waits would call it unresponsive.
    ask(object, request::xdg_wm_base::pong, {call.value("serial").word});
    return false;
  }
  if (object.is(protocol::wl_keyboard)) {
    // The compositor's own file would tie the container to this host's file systems.
    constexpr uint32_t most = 16u << 20;  // keymaps have some 60 KB
    const uint32_t size = call.value("size").word;
    if (size > most) throw CompositorLost("the compositor sent a keymap of impossible size");
    fds[0] = sealed_copy(fds[0], size);
    return true;
  }
  if (object.is(protocol::wl_buffer)) return object.busy;  // else it is free for the app already
  if (object.is(protocol::zwp_text_input_v3) || object.is(protocol::wl_output)) return true;
  return !configure_is_ours(call);
}

bool Relay::display_event(const Call& call) {
  if (call.message->opcode == event::wl_display::delete_id)
    deleted(CompositorId{call.value("id").word});
  else
    compositor_error(call);
  return false;
}

// While a window is rebuilt its first configure is answered by us, or its old contents could not be
// shown; the size it wants reaches the app afterwards, if it differs (attach.cc).
bool Relay::configure_is_ours(const Call& call) {
  Object& object = *call.object;
  const bool sized = object.is(protocol::xdg_toplevel) || object.is(protocol::xdg_popup);
  if (sized && self_configured.contains(object.maker)) {
    wanted_configures[object.slot] = as_text(call.body);
    return true;
  }
  if (object.is(protocol::xdg_surface) && self_configured.contains(object.slot)) {
    ask(object, request::xdg_surface::ack_configure, {call.value("serial").word});
    self_configured.erase(object.slot);
    return true;
  }
  if (object.is(protocol::zwlr_layer_surface_v1) && self_configured.contains(object.slot)) {
    ask(object, request::zwlr_layer_surface_v1::ack_configure, {call.value("serial").word});
    self_configured.erase(object.slot);
    return true;
  }
  return false;
}

// Whether it has left unread what it was sent before this.
bool Relay::app_is_behind() const {
  if (held_ || !backlog_.empty()) return true;
  int unread = 0;
  return ::ioctl(app_.fd(), SIOCOUTQ, &unread) == 0 && unread > 0;
}

void Relay::look_at_backlog() {
  for (const uint32_t id : backlog_.take_unheard())
    if (Object* offer = model_->objects.by_app(AppId{id})) give_back(*offer);
  if (backlog_.full() && !held_) flush_app();  // a burst for an app that reads is none too many
  if (backlog_.overflows())
    throw CompositorLost("it says more than is kept for an app that does not read");
}

// An offer that the app will never hear of, so that it could not destroy it.
void Relay::give_back(Object& offer) {
  if (offer.life != Life::alive) return;
  ask(offer, destructor_of(*offer.interface)->opcode, {});
  if (!offer.inert()) link_->abandon(offer.compositor_id, *offer.interface);
  model_->objects.set_compositor_id(offer, CompositorId::none);
  model_->objects.end(offer);
  release(offer);
}

// Objects that the app has given up hear nothing; an object it has given up is named to it only
// where null may stand.
bool Relay::reaches_app(const Call& call) const {
  if (call.object->life != Life::alive || call.object->app_id == AppId::none) return false;
  if (call.message->since > call.object->version) return false;
  for (size_t i = 0; i < call.args->count; ++i)
    if (call.objects[i] && call.objects[i]->life == Life::gone && !call.message->args[i].nullable)
      return false;
  return true;
}

void Relay::pass_event(const Call& call, Fds fds) {
  const bool at_once = app_takes_all();
  std::string waiting;
  std::string& out = at_once ? app_.out() : waiting;
  const size_t start = at_once ? out.size() + header_size : 0;
  if (at_once)
    encode_body(out, raw(call.object->app_id), call.message->opcode, as_text(call.body));
  else
    out = as_text(call.body);
  for (size_t i = 0; i < call.args->count; ++i) {
    const Argument& arg = call.message->args[i];
    const Value& value = call.args->values[i];
    const Object* named = call.objects[i];
    if (arg.type == ArgType::object)
      set_word(out, start + value.offset,
               named && named->life != Life::gone ? raw(named->app_id) : 0);
    else if (arg.type == ArgType::new_id)
      set_word(out, start + value.offset, raw(call.made->app_id));
    else if (arg.serial)
      set_word(out, start + value.offset, model_->serials.from_compositor(value.word));
    else if (call.object->is(protocol::zwp_text_input_v3) && arg.name == "serial")
      // It counts the app's commits; this compositor has seen only those since the attach.
      set_word(out, start + value.offset, value.word + call.object->commits_before);
  }
  if (!at_once)
    return backlog_.push(*call.message, raw(call.object->app_id), std::move(waiting),
                         std::move(fds));
  for (UniqueFd& fd : fds) app_.queue_fd(std::move(fd));
}

void Relay::deleted(CompositorId id) {
  if (!link_->free(id))
    throw CompositorLost("the compositor freed id " + std::to_string(raw(id)) +
                         ", which is not in use");
  Object* object = model_->objects.by_compositor(id);
  if (!object) return;  // a sync of the link's
  model_->objects.set_compositor_id(*object, CompositorId::none);
  if (object->life == Life::destroyed) release(*object);
}

void Relay::compositor_error(const Call& call) {
  const Object* blamed = model_->objects.by_compositor(CompositorId{call.value("object_id").word});
  const std::string text = std::string(as_text(call.value("message").data));
  const std::string name =
      blamed ? std::string(blamed->interface->name) + "@" + std::to_string(raw(blamed->app_id))
             : "object " + std::to_string(call.value("object_id").word);
  spdlog::error("the compositor ended the connection: error {} on {}: {}", call.value("code").word,
                name, text);
  if (attaching || forgive()) throw CompositorLost("the compositor refused: " + name + ": " + text);
  failed_ = true;
  const AppId told = blamed && blamed->app_id != AppId::none ? blamed->app_id : AppId::display;
  tell(model_->objects.display(), event::wl_display::error,
       {raw(told), call.value("code").word, std::string_view(text)});
}

void Relay::focus_came(uint32_t compositor_serial) {
  if (!std::exchange(focus_owed, false)) return;
  for (Object* object : model_->objects.in_order())
    for (const Recorded& recorded : object->focus)
      if (object->life == Life::alive) ask_recorded(*object, recorded, nullptr, compositor_serial);
}

}  // namespace wayferry
