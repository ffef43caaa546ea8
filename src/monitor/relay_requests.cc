// SPDX-License-Identifier: MIT
//
// The app's side of a relay: its requests, checked, recorded and passed on.

#include <spdlog/spdlog.h>

#include "monitor/bridges.h"
#include "monitor/relay.h"
#include "util/error.h"
#include "wire/opcodes.gen.h"

namespace wayferry {
namespace {

// wl_display.error's codes (wayland.xml).
enum DisplayError : uint32_t { invalid_object = 0, invalid_method = 1 };

bool is_bind(const Call& call) {
  return call.object->is(protocol::wl_registry) &&
         call.message->opcode == request::wl_registry::bind;
}

bool is_get_registry(const Call& call) {
  return call.object->is(protocol::wl_display) &&
         call.message->opcode == request::wl_display::get_registry;
}

bool is_start_drag(const Call& call) {
  return call.object->is(protocol::wl_data_device) &&
         call.message->opcode == request::wl_data_device::start_drag;
}

bool is_set_shape(const Call& call) {
  return call.object->is(protocol::wp_cursor_shape_device_v1) &&
         call.message->opcode == request::wp_cursor_shape_device_v1::set_shape;
}

// A request that is recorded keeps its descriptor with the record, else it would be lost to the
// next attach.
bool keeps_file(const Message& message) {
  const RequestRule rule = request_carry(message).rule;
  return rule != RequestRule::drop && rule != RequestRule::code && rule != RequestRule::destroy;
}

std::string place(const Header& header, const Message& message) {
  return std::string(message.interface->name) + "@" + std::to_string(header.object) + "." +
         std::string(message.name);
}

}  // namespace

bool Relay::pump_app() {
  WireChannel::Status status;
  do {
    status = read_app();
    // Back-pressure: an app that is faster than the compositor waits in its own socket.
    if (link_ && link_->channel().flush() == WireChannel::Status::would_block) break;
  } while (status == WireChannel::Status::open && app_.read_was_full());
  return status != WireChannel::Status::closed;
}

bool Relay::drain_app() {
  WireChannel::Status status;
  while ((status = read_app()) == WireChannel::Status::open) {
  }
  return status != WireChannel::Status::closed;
}

WireChannel::Status Relay::read_app() {
  const WireChannel::Status status = app_.receive();
  if (status != WireChannel::Status::open) return status;
  try {
    while (const auto header = read_header(app_.received())) {
      if (app_.received().size() < header->size) break;
      const Bytes message = app_.received().first(header->size);
      app_message(*header, message.subspan(header_size));
      app_.consume(header->size);
      ++messages_;
    }
    return status;
  } catch (const AppError& error) {
    send_error(error);
  } catch (const ProtocolError& error) {
    send_error(AppError(raw(AppId::display), invalid_method, error.where(), error.text()));
  }
  return WireChannel::Status::closed;
}

Object& Relay::speaking_object(const Header& header) {
  Object* object = model_->objects.by_app(AppId{header.object});
  const auto where = [&] { return "object " + std::to_string(header.object); };
  if (!object || object->life != Life::alive)
    throw AppError(raw(AppId::display), invalid_object, where(), "there is no such object");
  const auto requests = object->interface->requests;
  if (header.opcode >= requests.size() || requests[header.opcode].since > object->version)
    throw AppError(header.object, invalid_method, where(),
                   std::string(object->interface->name) + " version " +
                       std::to_string(object->version) + " has no request number " +
                       std::to_string(header.opcode));
  return *object;
}

void Relay::app_message(const Header& header, Bytes body) {
  Object& object = speaking_object(header);
  const Message& message = object.interface->requests[header.opcode];
  Decoded decoded;
  try {
    decode(message, body, decoded);
  } catch (const ProtocolError& error) {
    throw AppError(header.object, invalid_method, error.where(), error.text());
  }
  if (decoded.fds > app_.received_fds())
    throw AppError(header.object, invalid_method, place(header, message),
                   "its file descriptor did not come with it");
  Call call(&object, message, decoded, body);
  resolve_request(call);
  if (is_get_registry(call)) return get_registry(call);
  if (is_bind(call)) return bind(call);

  Fds fds;
  for (size_t i = 0; i < decoded.fds; ++i) fds.push_back(app_.take_fd());
  if (!fds.empty() && keeps_file(message))
    call.file = std::make_shared<PoolFile>(PoolFile{fds[0].duplicate(), {}});
  const bool pass = passable(call) && !answered_before(call);
  if (pass && call.made) {
    model_->objects.set_compositor_id(*call.made, link_->allocate());
    call.made->compositor_version = object.compositor_version;
  }
  if (object.compositor_version < object.version && !object.inert()) bridge_request(*this, call);
  // Passed first: a destroyed object's numbers are still there.
  if (pass) pass_request(call, std::move(fds));
  model_->request(call);
  finish_request(call, pass);
}

void Relay::resolve_request(Call& call) {
  for (size_t i = 0; i < call.args->count; ++i) {
    const Argument& arg = call.message->args[i];
    const Value& value = call.args->values[i];
    if (arg.type == ArgType::new_id && arg.interface) call.made = make_requested(call, i);
    if (arg.type != ArgType::object || value.word == 0) continue;
    Object* named = model_->objects.by_app(AppId{value.word});
    if (!named || named->life != Life::alive ||
        (arg.interface && named->interface != arg.interface))
      throw AppError(raw(call.object->app_id), invalid_object,
                     qualified_name(*call.message) + ", argument " + std::string(arg.name),
                     "object " + std::to_string(value.word) + " is not there or of another kind");
    call.objects[i] = named;
  }
}

Object* Relay::make_requested(const Call& call, size_t index) {
  const Argument& arg = call.message->args[index];
  const AppId id{call.args->values[index].word};
  if (!model_->objects.may_take(id))
    throw AppError(raw(AppId::display), invalid_object, qualified_name(*call.message),
                   "id " + std::to_string(raw(id)) + " cannot be given to a new object");
  return &model_->objects.make(*arg.interface, call.object->version, id);
}

void Relay::get_registry(const Call& call) {
  model_->request(call);
  for (const VirtualGlobal& global : model_->globals)
    if (!global.withdrawn)
      tell(*call.made, event::wl_registry::global,
           {global.name, global.interface->name, global.version});
}

void Relay::bind(Call& call) {
  const VirtualGlobal* global = model_->global_by_name(call.value("name").word);
  const Value& wanted = call.value("id");
  if (!global || as_text(wanted.data) != global->interface->name || wanted.version < 1 ||
      wanted.version > global->version)
    throw AppError(raw(call.object->app_id), invalid_object, "wl_registry.bind",
                   "there is no global " + std::to_string(call.value("name").word) + " of " +
                       std::string(as_text(wanted.data)) + " in version " +
                       std::to_string(wanted.version));
  const AppId id{wanted.word};
  if (!model_->objects.may_take(id))
    throw AppError(raw(AppId::display), invalid_object, "wl_registry.bind",
                   "id " + std::to_string(raw(id)) + " cannot be given to a new object");
  call.made = &model_->objects.make(*global->interface, wanted.version, id);
  model_->request(call);
  bind_at_compositor(*call.made, *global);
  if (call.made->inert()) tell_inert(*call.made);
}

void Relay::bind_at_compositor(Object& object, const VirtualGlobal& global) {
  if (global.compositor_name == 0) return;
  model_->objects.set_compositor_id(object, link_->allocate());
  object.compositor_version = std::min(object.version, global.compositor_version);
  encode(link_->channel().out(), raw(link_->registry()),
         protocol::wl_registry.requests[request::wl_registry::bind],
         {global.compositor_name, global.interface->name, object.compositor_version,
          raw(object.compositor_id)});
}

// Whether the compositor can be told: everything named has a counterpart there, the version there
// knows the request, and a serial is one that it gave.
bool Relay::passable(const Call& call) const {
  if (call.object->inert() || call.message->since > call.object->compositor_version) return false;
  if (request_carry(*call.message).rule == RequestRule::none) return false;
  for (size_t i = 0; i < call.args->count; ++i) {
    if (call.objects[i] && call.objects[i]->inert()) return false;
    if (call.message->args[i].serial && !model_->serials.to_compositor(call.args->values[i].word))
      return false;
  }
  return true;
}

// A ping that was answered for the app is not answered twice.
bool Relay::answered_before(const Call& call) {
  if (!call.object->is(protocol::xdg_wm_base) || call.message->opcode != request::xdg_wm_base::pong)
    return false;
  return !pings_.answer(*model_->serials.to_compositor(call.value("serial").word));
}

void Relay::pass_request(const Call& call, Fds fds) {
  std::string& out = link_->channel().out();
  const size_t start = out.size() + header_size;
  encode_body(out, raw(call.object->compositor_id), call.message->opcode, as_text(call.body));
  for (size_t i = 0; i < call.args->count; ++i) {
    const Argument& arg = call.message->args[i];
    const Value& value = call.args->values[i];
    if (arg.type == ArgType::object && call.objects[i])
      set_word(out, start + value.offset, raw(call.objects[i]->compositor_id));
    else if (arg.type == ArgType::new_id)
      set_word(out, start + value.offset, raw(call.made->compositor_id));
    else if (arg.serial)
      set_word(out, start + value.offset, *model_->serials.to_compositor(value.word));
  }
  for (UniqueFd& fd : fds) link_->channel().queue_fd(std::move(fd));
}

void Relay::finish_request(const Call& call, bool passed) {
  Object& object = *call.object;
  if (request_carry(*call.message).rule == RequestRule::focus && !passed) focus_owed = true;
  if (call.made && !passed) tell_inert(*call.made);
  if (is_set_shape(call) && object.inert()) named_pointers_.set_shape(*this, call);
  if (is_start_drag(call) && !passed && call.objects[0]) end_drag(*call.objects[0]);
  if (object.is(protocol::wl_fixes) && !call.message->destructor) end_registry(*call.objects[0]);
  if (!call.message->destructor) return;
  // Too new a destructor for this compositor: its object stays there, for the app it is gone. One
  // of the compositor's own making is gone for both at once, but not for what is under way.
  if (!object.inert() && (!passed || object.by_event)) {
    link_->abandon(object.compositor_id, *object.interface);
    model_->objects.set_compositor_id(object, CompositorId::none);
  }
  if (object.by_event) {
    release(object);
  } else if (object.inert()) {
    release(object);  // nobody else will say delete_id
  }
}

// Objects that were bound through it live on.
void Relay::end_registry(Object& registry) {
  model_->objects.end(registry);
  release(registry);
}

void Relay::send_error(const AppError& error) {
  const std::string text = error.what();
  spdlog::error("the app broke the protocol and is disconnected: {}", text);
  tell(model_->objects.display(), event::wl_display::error,
       {error.object(), error.code(), std::string_view(text)});
  app_.flush();  // it may be too full to take the reason: then closing must do
}

}  // namespace wayferry
