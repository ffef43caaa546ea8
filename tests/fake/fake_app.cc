// SPDX-License-Identifier: MIT
#include "fake_app.h"

#include <algorithm>

#include "util/error.h"
#include "wire/opcodes.gen.h"

namespace wayferry::test {

FakeApp::FakeApp(UniqueFd socket)
    : channel_(std::move(socket)), objects_{nullptr, &protocol::wl_display} {}

void FakeApp::say(uint32_t object, const Interface& interface, const std::string& request,
                  std::vector<Word> values) {
  const auto message = std::ranges::find(interface.requests, request, &Message::name);
  CHECK(message != interface.requests.end());
  encode(channel_.out(), object, *message, values);
  flush();
}

uint32_t FakeApp::make(const Interface& interface) {
  auto free = std::ranges::find(objects_.begin() + 1, objects_.end(), nullptr);
  if (free == objects_.end()) free = objects_.insert(free, nullptr);
  *free = &interface;
  return static_cast<uint32_t>(free - objects_.begin());
}

uint32_t FakeApp::bind(uint32_t registry, const std::string& interface, uint32_t version) {
  const auto global = std::ranges::find(globals_, interface, [](const auto& g) { return g.first; });
  CHECK(global != globals_.end());
  const uint32_t id = make(*find_interface(interface));
  say(registry, protocol::wl_registry, "bind",
      {global->second, std::string_view(interface), version, id});
  return id;
}

std::vector<std::string> FakeApp::events() {
  std::vector<std::string> lines;
  WireChannel::Status status;
  while ((status = channel_.receive()) == WireChannel::Status::open) {
  }
  closed_ = status == WireChannel::Status::closed;
  while (const auto header = read_header(channel_.received())) {
    event(*header, channel_.received().subspan(header_size, header->size - header_size), lines);
    channel_.consume(header->size);
  }
  return lines;
}

void FakeApp::event(const Header& header, Bytes body, std::vector<std::string>& lines) {
  CHECK(header.object < objects_.size() && objects_[header.object]);
  const Message& message = objects_[header.object]->events[header.opcode];
  Decoded decoded;
  decode(message, body, decoded);
  for (size_t i = 0; i < decoded.fds; ++i) channel_.take_fd();
  lines.push_back(describe(header.object, message, decoded));
  if (qualified_name(message) == "wl_registry.global")
    globals_.emplace_back(as_text(decoded.values[1].data), decoded.values[0].word);
  if (qualified_name(message) == "wl_display.delete_id") objects_[decoded.values[0].word] = nullptr;
}

}  // namespace wayferry::test
