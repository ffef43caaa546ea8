// SPDX-License-Identifier: MIT
#include "fake_compositor.h"

#include <sys/socket.h>

#include <algorithm>
#include <ranges>

#include "util/error.h"
#include "wire/opcodes.gen.h"

namespace wayferry::test {
namespace {

using namespace std::chrono_literals;

const Message& event_named(const Interface& interface, const std::string& name) {
  const auto at = std::ranges::find(interface.events, name, &Message::name);
  CHECK(at != interface.events.end());
  return *at;
}

}  // namespace

FakeCompositor::FakeCompositor(const Path& display, std::vector<Global> globals)
    : listener_(listen_unix(display)), globals_(std::move(globals)), thread_([this] { serve(); }) {}

FakeCompositor::~FakeCompositor() {
  stop_ = true;
  thread_.join();
}

std::vector<std::string> FakeCompositor::requests() const {
  const std::scoped_lock lock(mutex_);
  return requests_;
}

std::vector<std::string> FakeCompositor::complaints() const {
  const std::scoped_lock lock(mutex_);
  return complaints_;
}

void FakeCompositor::send(const std::string& interface, const std::string& event,
                          std::vector<Word> values) {
  const std::scoped_lock lock(mutex_);
  for (const auto& [id, object] : objects_ | std::views::reverse) {
    if (object.interface->name != interface) continue;
    emit(id, event, values);
    client_.flush();
    return;
  }
  complain("no object of " + interface);
}

void FakeCompositor::drop_client() {
  const std::scoped_lock lock(mutex_);
  client_.close();
}

void FakeCompositor::serve() {
  while (!stop_) {
    if (!wait_readable(listener_.get(), 10ms)) continue;
    UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (socket) serve_client(std::move(socket));
  }
}

void FakeCompositor::serve_client(UniqueFd socket) {
  const int fd = socket.get();
  {
    const std::scoped_lock lock(mutex_);
    client_ = WireChannel(std::move(socket));
    objects_ = {{1, {&protocol::wl_display, 1}}};
    windows_.clear();
    configured_.clear();
  }
  while (!stop_) {
    const bool readable = wait_readable(fd, 5ms);
    const std::scoped_lock lock(mutex_);
    if (!client_.open()) return;
    if (!readable) continue;
    if (client_.receive() == WireChannel::Status::closed) return client_.close();
    while (const auto header = read_header(client_.received())) {
      if (client_.received().size() < header->size) break;
      handle(*header, client_.received().subspan(header_size, header->size - header_size));
      client_.consume(header->size);
    }
    client_.flush();
  }
}

void FakeCompositor::handle(const Header& header, Bytes body) {
  const auto object = objects_.find(header.object);
  if (object == objects_.end())
    return complain("request on object " + std::to_string(header.object));
  const Interface& interface = *object->second.interface;
  if (header.opcode >= interface.requests.size()) return complain("unknown opcode");
  const Message& message = interface.requests[header.opcode];
  if (message.since > object->second.version) complain(qualified_name(message) + " is too new");
  Decoded decoded;
  try {
    decode(message, body, decoded);
  } catch (const ProtocolError& error) {
    return complain(error.what());
  }
  for (size_t i = 0; i < decoded.fds; ++i) client_.take_fd();
  note(header, message, decoded);
  answer(header, message, decoded);
}

void FakeCompositor::note(const Header&, const Message& message, const Decoded& decoded) {
  std::string line = qualified_name(message) + "(";
  for (size_t i = 0; i < decoded.count; ++i) {
    const Value& value = decoded.values[i];
    const ArgType type = message.args[i].type;
    line += i ? ", " : "";
    if (type == ArgType::object && value.word) {
      const auto named = objects_.find(value.word);
      if (named == objects_.end()) complain(qualified_name(message) + " names a dead object");
      line += named == objects_.end() ? "?" : std::string(named->second.interface->name);
    } else if (type == ArgType::string) {
      line += as_text(value.data);
    } else if (type == ArgType::new_id) {
      line += "new";
    } else if (type == ArgType::fd) {
      line += "fd";
    } else {
      line += std::to_string(static_cast<int32_t>(value.word));
    }
  }
  requests_.push_back(line + ")");
}

void FakeCompositor::answer(const Header& header, const Message& message, const Decoded& decoded) {
  const Fake object = objects_.at(header.object);
  for (size_t i = 0; i < decoded.count; ++i) {
    const Argument& arg = message.args[i];
    const Value& value = decoded.values[i];
    if (arg.type != ArgType::new_id) continue;
    const Interface* made = arg.interface ? arg.interface : find_interface(as_text(value.data));
    make(value.word, *made, arg.interface ? object.version : value.version, header.object);
    if (message.name == "get_xdg_surface") windows_[decoded.values[1].word] = value.word;
    if (message.name == "sync") {
      emit(value.word, "done", {0u});
      remove(value.word);
    }
  }
  if (message.name == "commit" && object.interface->name == "wl_surface") {
    const auto window = windows_.find(header.object);
    if (window != windows_.end() && !configured_[window->second]) {
      for (const auto& [id, other] : objects_)
        if (other.interface->name == "xdg_toplevel" && other.maker == window->second)
          emit(id, "configure", {0u, 0u, std::string_view()});
      emit(window->second, "configure", {++serial_});
      configured_[window->second] = true;
    }
  }
  if (message.destructor) remove(header.object);
}

void FakeCompositor::make(uint32_t id, const Interface& interface, uint32_t version,
                          uint32_t maker) {
  if (objects_.contains(id)) complain("id " + std::to_string(id) + " is taken");
  objects_[id] = {&interface, version, maker};
  if (&interface == &protocol::wl_registry)
    for (uint32_t i = 0; i < globals_.size(); ++i)
      emit(id, "global", {i + 1, std::string_view(globals_[i].interface), globals_[i].version});
  if (&interface == &protocol::wl_seat) emit(id, "capabilities", {3u});
}

void FakeCompositor::remove(uint32_t id) {
  objects_.erase(id);
  emit(1, "delete_id", {id});
}

void FakeCompositor::emit(uint32_t id, const std::string& event, const std::vector<Word>& values) {
  const Interface& interface = *objects_.at(id).interface;
  encode(client_.out(), id, event_named(interface, event), values);
}

void FakeCompositor::complain(const std::string& text) {
  complaints_.push_back(text);
}

}  // namespace wayferry::test
