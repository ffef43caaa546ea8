// SPDX-License-Identifier: MIT
#include "fake_app.h"

#include <algorithm>

#include "util/error.h"
#include "wire/opcodes.gen.h"

namespace wayferry::test {
namespace {

constexpr uint32_t first_server = 0xff000000;

const Interface* at(const std::vector<const Interface*>& objects, uint32_t index) {
  return index < objects.size() ? objects[index] : nullptr;
}

}  // namespace

FakeApp::FakeApp(UniqueFd socket)
    : channel_(std::move(socket)), objects_{nullptr, &protocol::wl_display} {}

void FakeApp::say(uint32_t object, const Interface& interface, const std::string& request,
                  const std::vector<Word>& values) {
  const auto message = std::ranges::find(interface.requests, request, &Message::name);
  CHECK(message != interface.requests.end());
  say(object, *message, values);
}

void FakeApp::say(uint32_t object, const Message& request, const std::vector<Word>& values) {
  encode(channel_.out(), object, request, values);
  flush();
}

uint32_t FakeApp::make(const Interface& interface) {
  auto free = std::ranges::find(objects_.begin() + 1, objects_.end(), nullptr);
  if (free == objects_.end()) free = objects_.insert(free, nullptr);
  *free = &interface;
  return static_cast<uint32_t>(free - objects_.begin());
}

void FakeApp::take(uint32_t id, const Interface& interface) {
  if (id >= objects_.size()) objects_.resize(size_t{id} + 1);
  objects_[id] = &interface;
}

uint32_t FakeApp::bind(uint32_t registry, const std::string& interface, uint32_t version) {
  const auto global = std::ranges::find(globals_, interface, [](const auto& g) { return g.first; });
  CHECK(global != globals_.end());
  const uint32_t id = make(*find_interface(interface));
  say(registry, protocol::wl_registry, "bind",
      {global->second, std::string_view(interface), version, id});
  return id;
}

std::vector<Arrived> FakeApp::hear() {
  std::vector<Arrived> heard;
  WireChannel::Status status;
  while ((status = channel_.receive()) == WireChannel::Status::open) {
  }
  closed_ = status == WireChannel::Status::closed;
  while (const auto header = read_header(channel_.received())) {
    if (channel_.received().size() < header->size) break;
    event(*header, channel_.received().subspan(header_size, header->size - header_size), heard);
    channel_.consume(header->size);
  }
  return heard;
}

std::vector<std::string> FakeApp::events() {
  std::vector<std::string> lines;
  for (const Arrived& event : hear())
    lines.push_back(describe(event.object, *event.message, event.decoded()));
  return lines;
}

void FakeApp::event(const Header& header, Bytes body, std::vector<Arrived>& into) {
  const Interface* interface = header.object >= first_server
                                   ? at(server_objects_, header.object - first_server)
                                   : at(objects_, header.object);
  // Whatever it is that an app is told, it is of an object that it has.
  if (!interface || header.opcode >= interface->events.size())
    throw std::runtime_error("the app heard event " + std::to_string(header.opcode) +
                             " of object " + std::to_string(header.object) +
                             ", which it does not have");
  Arrived event{header.object, &interface->events[header.opcode], std::string(as_text(body)), {}};
  const Decoded decoded = event.decoded();
  CHECK(decoded.fds <= channel_.received_fds());
  for (size_t i = 0; i < decoded.fds; ++i)
    event.fds.push_back(std::make_shared<UniqueFd>(channel_.take_fd()));
  note(event);
  into.push_back(std::move(event));
}

void FakeApp::note(const Arrived& event) {
  const Decoded decoded = event.decoded();
  if (event.is("wl_registry.global"))
    globals_.emplace_back(as_text(decoded.values[1].data), decoded.values[0].word);
  if (event.is("wl_display.delete_id")) objects_.at(decoded.values[0].word) = nullptr;
  for (size_t i = 0; i < decoded.count; ++i) {
    if (event.message->args[i].type != ArgType::new_id) continue;
    const uint32_t index = decoded.values[i].word - first_server;
    if (index >= server_objects_.size()) server_objects_.resize(size_t{index} + 1);
    server_objects_[index] = event.message->args[i].interface;
  }
}

}  // namespace wayferry::test
