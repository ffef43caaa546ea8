// SPDX-License-Identifier: MIT
#include "monitor/compositor_link.h"

#include <poll.h>

#include <algorithm>

#include "util/error.h"
#include "wire/encode.h"
#include "wire/opcodes.gen.h"

namespace wayferry {
namespace {

UniqueFd connect_display(const std::string& display) {
  auto socket = connect_unix(display);
  if (!socket) throw CompositorLost("no compositor listens at " + display);
  return std::move(*socket);
}

}  // namespace

CompositorLink::CompositorLink(const std::string& display) : channel_(connect_display(display)) {
  registry_ = allocate();
  encode(channel_.out(), raw(CompositorId::display),
         protocol::wl_display.requests[request::wl_display::get_registry], {raw(registry_)});
}

CompositorId CompositorLink::allocate() {
  if (free_.empty()) {
    used_.push_back(true);
    return CompositorId{next_++};
  }
  const uint32_t id = free_.back();
  free_.pop_back();
  used_[id] = true;
  return CompositorId{id};
}

// Neither the display nor what is free already can be freed.
bool CompositorLink::free(CompositorId id) {
  if (id <= CompositorId::display || raw(id) >= used_.size() || !used_[raw(id)]) return false;
  used_[raw(id)] = false;
  free_.push_back(raw(id));
  return true;
}

const Interface* CompositorLink::abandoned(CompositorId id) const {
  const auto found = abandoned_.find(id);
  return found == abandoned_.end() ? nullptr : found->second;
}

CompositorId CompositorLink::sync() {
  const CompositorId id = allocate();
  syncs_.insert(id);
  encode(channel_.out(), raw(CompositorId::display),
         protocol::wl_display.requests[request::wl_display::sync], {raw(id)});
  return id;
}

bool CompositorLink::own_event(CompositorId object, uint16_t opcode, Bytes body) {
  if (object == registry_) {
    registry_event(opcode, body);
    return true;
  }
  // wl_callback has one event, done; its id is free once delete_id has come as well.
  return syncs_.erase(object) > 0;
}

void CompositorLink::registry_event(uint16_t opcode, Bytes body) {
  if (opcode >= protocol::wl_registry.events.size())
    throw CompositorLost("the compositor sent an unknown event of wl_registry");
  const Message& message = protocol::wl_registry.events[opcode];
  Decoded decoded;
  decode(message, body, decoded);
  const uint32_t name = value_of(message, decoded, "name").word;
  if (opcode == event::wl_registry::global) {
    globals_.push_back({name, std::string(as_text(value_of(message, decoded, "interface").data)),
                        value_of(message, decoded, "version").word});
    if (on_global) on_global(globals_.back(), false);
    return;
  }
  const auto gone = std::ranges::find(globals_, name, &CompositorGlobal::name);
  if (gone == globals_.end()) return;
  const CompositorGlobal global = *gone;
  globals_.erase(gone);
  if (on_global) on_global(global, true);
}

void CompositorLink::flush_all(std::chrono::steady_clock::time_point end) {
  while (true) {
    switch (channel_.flush()) {
      case WireChannel::Status::open:
        return;
      case WireChannel::Status::closed:
        throw CompositorLost("the compositor closed the connection");
      case WireChannel::Status::would_block:
        break;
    }
    pollfd entry{.fd = channel_.fd(), .events = POLLOUT, .revents = 0};
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0 || ::poll(&entry, 1, static_cast<int>(left.count())) == 0)
      throw CompositorLost("the compositor does not read what it is sent");
  }
}

}  // namespace wayferry
