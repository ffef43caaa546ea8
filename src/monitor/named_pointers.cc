// SPDX-License-Identifier: MIT
#include "monitor/named_pointers.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <span>

#include "monitor/attach_parts.h"
#include "util/error.h"
#include "util/io.h"
#include "wire/opcodes.gen.h"

namespace wayferry {
namespace {

void say(CompositorLink& link, CompositorId id, const Message& request,
         const std::vector<Word>& values) {
  encode(link.channel().out(), raw(id), request, values);
}

// A new object of ours, whose events nobody waits for.
CompositorId make(CompositorLink& link, const Interface& interface) {
  const CompositorId id = link.allocate();
  link.abandon(id, interface);
  return id;
}

// Not where it is older than that; no newer is needed.
CompositorId bind(CompositorLink& link, const Interface& interface, uint32_t version) {
  const auto& globals = link.globals();
  const auto global = std::ranges::find(globals, interface.name, &CompositorGlobal::interface);
  if (global == globals.end() || global->version < version) return CompositorId::none;
  const CompositorId id = make(link, interface);
  say(link, link.registry(), protocol::wl_registry.requests[request::wl_registry::bind],
      {global->name, interface.name, version, raw(id)});
  return id;
}

// The pointer or tool that the device was made for.
Object* drawn_for(Connection& model, const Object& device) {
  const Message& made = creation_request(model, device);
  const bool tool =
      device.creation.opcode == request::wp_cursor_shape_manager_v1::get_tablet_tool_v2;
  Object* target =
      model.objects.find(slot_of(made, device.creation.body, tool ? "tablet_tool" : "pointer"));
  return target && target->life == Life::alive && !target->inert() ? target : nullptr;
}

// That of the surface which it is over.
uint32_t scale_under(Connection& model, const Object& target) {
  for (const Recorded& told : target.told) {
    const Message& message = target.interface->events[told.opcode];
    if (!std::ranges::contains(message.args, std::string_view("surface"), &Argument::name))
      continue;
    const Object* surface = model.objects.find(slot_of(message, told.body, "surface"));
    if (surface) return std::clamp(surface->scale, 1u, 16u);
  }
  return 1;
}

// Themes have few sizes; one without a picture of twice the size has the plain one shown, not half
// of it.
uint32_t whole_scale(const CursorImage& image, uint32_t wanted) {
  const uint32_t size = CursorTheme::size();
  return std::clamp((image.size + size / 2) / size, 1u, wanted);
}

// A buffer's sides are whole multiples of its scale.
uint32_t padded(uint32_t side, uint32_t scale) {
  return (side + scale - 1) / scale * scale;
}

constexpr uint32_t pixel_size = 4;

CompositorId make_buffer(CompositorLink& link, CompositorId shm, const CursorImage& image,
                         uint32_t scale) {
  const uint32_t width = padded(image.width, scale);
  const uint32_t height = padded(image.height, scale);
  std::vector<uint32_t> pixels(size_t{width} * height);
  for (uint32_t y = 0; y < image.height; ++y)
    std::memcpy(&pixels[size_t{y} * width], &image.pixels[size_t{y} * image.width],
                size_t{image.width} * pixel_size);
  const CompositorId pool = make(link, protocol::wl_shm_pool);
  const CompositorId buffer = make(link, protocol::wl_buffer);
  const auto bytes = std::as_bytes(std::span(pixels));
  UniqueFd file(check("memfd_create", ::memfd_create("pointer", MFD_CLOEXEC)));
  write_all(file.get(), bytes);
  link.channel().queue_fd(std::move(file));
  constexpr uint32_t argb8888 = 0;
  say(link, shm, protocol::wl_shm.requests[request::wl_shm::create_pool],
      {raw(pool), static_cast<uint32_t>(bytes.size())});
  say(link, pool, protocol::wl_shm_pool.requests[request::wl_shm_pool::create_buffer],
      {raw(buffer), 0u, width, height, width * pixel_size, argb8888});
  say(link, pool, protocol::wl_shm_pool.requests[request::wl_shm_pool::destroy], {});
  return buffer;
}

void show(CompositorLink& link, CompositorId surface, CompositorId buffer, uint32_t scale) {
  constexpr uint32_t everything = 0x7fffffff;
  const auto& requests = protocol::wl_surface.requests;
  say(link, surface, requests[request::wl_surface::set_buffer_scale], {scale});
  say(link, surface, requests[request::wl_surface::attach], {raw(buffer), 0u, 0u});
  say(link, surface, requests[request::wl_surface::damage], {0u, 0u, everything, everything});
  say(link, surface, requests[request::wl_surface::commit], {});
}

void destroy_buffer(CompositorLink& link, CompositorId buffer) {
  if (buffer != CompositorId::none)
    say(link, buffer, protocol::wl_buffer.requests[request::wl_buffer::destroy], {});
}

bool has_set_cursor(const Object& object) {
  return object.is(protocol::wl_pointer) || object.is(protocol::zwp_tablet_tool_v2);
}

// Of either kind it says the same.
uint16_t set_cursor_of(const Object& target) {
  if (target.is(protocol::wl_pointer)) return request::wl_pointer::set_cursor;
  return request::zwp_tablet_tool_v2::set_cursor;
}

}  // namespace

void NamedPointers::set_shape(Relay& relay, const Call& call) {
  const auto serial = relay.model().serials.to_compositor(call.value("serial").word);
  CompositorLink* link = relay.link();
  Object* target = drawn_for(relay.model(), *call.object);
  if (!serial || !link || !target || !bind_globals(*link)) return;
  destroy_orphans(*link, relay.model());
  const CompositorId old = pictures_[target->slot].buffer;
  const uint32_t scale = scale_under(relay.model(), *target);
  if (!draw(*link, pictures_[target->slot], {call.value("shape").word, scale})) return;
  const Picture& now = pictures_[target->slot];
  relay.ask(*target, set_cursor_of(*target), {*serial, raw(now.surface), now.hot_x, now.hot_y});
  // Anew each time: a compositor may have taken the contents off with the pointer's last focus.
  show(*link, now.surface, now.buffer, now.scale);
  if (old != now.buffer) destroy_buffer(*link, old);
}

// The surface stays; nothing is made for what is drawn already.
bool NamedPointers::draw(CompositorLink& link, Picture& picture, Wanted wanted) {
  if (picture.surface != CompositorId::none && picture.drawn == wanted) return true;
  const CursorImage* image = theme_.image(wanted.shape, CursorTheme::size() * wanted.scale);
  if (!image) return false;
  if (picture.surface == CompositorId::none) {
    picture.surface = make(link, protocol::wl_surface);
    say(link, compositor_, protocol::wl_compositor.requests[request::wl_compositor::create_surface],
        {raw(picture.surface)});
  }
  const uint32_t scale = whole_scale(*image, wanted.scale);
  picture.buffer = make_buffer(link, shm_, *image, scale);
  picture.drawn = wanted;
  picture.scale = scale;
  picture.hot_x = image->hot_x / scale;
  picture.hot_y = image->hot_y / scale;
  return true;
}

bool NamedPointers::bind_globals(CompositorLink& link) {
  constexpr uint32_t with_scale = 3;  // wl_surface.set_buffer_scale
  if (compositor_ == CompositorId::none)
    compositor_ = bind(link, protocol::wl_compositor, with_scale);
  if (shm_ == CompositorId::none) shm_ = bind(link, protocol::wl_shm, 1);
  return compositor_ != CompositorId::none && shm_ != CompositorId::none;
}

// What was drawn for pointers that are no more.
void NamedPointers::destroy_orphans(CompositorLink& link, Connection& model) {
  std::erase_if(pictures_, [&](const auto& entry) {
    const Object* target = model.objects.find(entry.first);
    if (target && target->life == Life::alive && has_set_cursor(*target)) return false;
    const Picture& picture = entry.second;
    if (picture.surface != CompositorId::none)
      say(link, picture.surface, protocol::wl_surface.requests[request::wl_surface::destroy], {});
    destroy_buffer(link, picture.buffer);
    return true;
  });
}

void NamedPointers::forget() {
  pictures_.clear();
  compositor_ = shm_ = CompositorId::none;
}

}  // namespace wayferry
