// SPDX-License-Identifier: MIT
#include "fake_compositor.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <ranges>

#include "util/error.h"
#include "wire/opcodes.gen.h"

namespace wayferry::test {
namespace {

const Message& event_named(const Interface& interface, const std::string& name) {
  const auto at = std::ranges::find(interface.events, name, &Message::name);
  CHECK(at != interface.events.end());
  return *at;
}

}  // namespace

std::vector<FakeCompositor::Global> whole_baseline() {
  std::vector<FakeCompositor::Global> globals;
  for (const BaselineGlobal& global : baseline())
    globals.push_back({std::string(global.interface->name), global.version});
  return globals;
}

FakeCompositor::FakeCompositor(const Path& display, std::vector<Global> globals, Manners manners)
    : listener_(listen_unix(display)),
      stop_(check("eventfd", ::eventfd(0, EFD_CLOEXEC))),
      globals_(std::move(globals)),
      manners_(manners),
      thread_([this] { serve(); }) {}

FakeCompositor::~FakeCompositor() {
  ::eventfd_write(stop_.get(), 1);  // fails only where billions wait to be read
  thread_.join();
}

std::vector<std::string> FakeCompositor::requests() const {
  const std::scoped_lock lock(mutex_);
  return lines_;
}

std::vector<Arrived> FakeCompositor::heard() const {
  const std::scoped_lock lock(mutex_);
  return heard_;
}

std::vector<std::string> FakeCompositor::complaints() const {
  const std::scoped_lock lock(mutex_);
  return complaints_;
}

std::map<uint32_t, const Interface*> FakeCompositor::living() const {
  const std::scoped_lock lock(mutex_);
  std::map<uint32_t, const Interface*> result;
  for (const auto& [id, object] : objects_) result[id] = object.interface;
  return result;
}

void FakeCompositor::send(const std::string& interface, const std::string& event,
                          const std::vector<Word>& values) {
  const std::scoped_lock lock(mutex_);
  for (const auto& [id, object] : objects_ | std::views::reverse) {
    if (object.interface->name != interface) continue;
    emit(id, event, values);
    client_.flush();
    return;
  }
  complain("no object of " + interface);
}

void FakeCompositor::tell(uint32_t object, const Message& event, const std::vector<Word>& values,
                          std::vector<UniqueFd> fds) {
  const std::scoped_lock lock(mutex_);
  for (UniqueFd& fd : fds) client_.queue_fd(std::move(fd));
  encode(client_.out(), object, event, values);
  const uint32_t version = objects_.contains(object) ? objects_.at(object).version : 1;
  // The values stand for the arguments without the descriptors.
  size_t next = 0;
  for (const Argument& arg : event.args) {
    if (arg.type == ArgType::new_id)
      make(std::get<uint32_t>(values.at(next)), *arg.interface, version, object);
    if (arg.type != ArgType::fd) ++next;
  }
  if (event.destructor) remove(object);
  client_.flush();
}

void FakeCompositor::send_raw(std::string_view bytes) {
  const std::scoped_lock lock(mutex_);
  client_.out() += bytes;
  client_.flush();
}

void FakeCompositor::queue_fd(UniqueFd fd) {
  const std::scoped_lock lock(mutex_);
  client_.queue_fd(std::move(fd));
}

void FakeCompositor::set_deletes_ids(bool by_itself) {
  const std::scoped_lock lock(mutex_);
  manners_.deletes_ids = by_itself;
}

void FakeCompositor::drop_client() {
  const std::scoped_lock lock(mutex_);
  client_.close();
}

// False: it is time to end.
bool FakeCompositor::wait(int fd) {
  pollfd entries[] = {{.fd = stop_.get(), .events = POLLIN, .revents = 0},
                      {.fd = fd, .events = POLLIN, .revents = 0}};
  while (::poll(entries, std::size(entries), -1) < 0) CHECK(errno == EINTR);
  return entries[0].revents == 0;
}

void FakeCompositor::serve() {
  while (wait(listener_.get())) {
    UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (socket) serve_client(std::move(socket));
  }
}

void FakeCompositor::serve_client(UniqueFd socket) {
  // A duplicate: the thread may wait on it while another drops the client.
  const UniqueFd watched = socket.duplicate();
  {
    const std::scoped_lock lock(mutex_);
    client_ = WireChannel(std::move(socket));
    objects_ = {{1, {&protocol::wl_display, 1}}};
    windows_.clear();
    configured_.clear();
    heard_.clear();
    lines_.clear();
    complaints_.clear();
    if (on_client) on_client();
  }
  while (wait(watched.get()) && read_client()) {
  }
  const std::scoped_lock lock(mutex_);
  client_.close();
}

bool FakeCompositor::read_client() {
  const std::scoped_lock lock(mutex_);
  if (!client_.open() || client_.receive() == WireChannel::Status::closed) return false;
  while (const auto header = read_header(client_.received())) {
    if (client_.received().size() < header->size) break;
    handle(*header, client_.received().subspan(header_size, header->size - header_size));
    client_.consume(header->size);
  }
  client_.flush();
  return true;
}

void FakeCompositor::handle(const Header& header, Bytes body) {
  const auto object = objects_.find(header.object);
  if (object == objects_.end())
    return complain("request on object " + std::to_string(header.object));
  const Interface& interface = *object->second.interface;
  if (header.opcode >= interface.requests.size()) return complain("unknown opcode");
  const Message& message = interface.requests[header.opcode];
  if (message.since > object->second.version) complain(qualified_name(message) + " is too new");
  Arrived request{header.object, &message, std::string(as_text(body)), {}};
  try {
    const Decoded decoded = request.decoded();
    for (size_t i = 0; i < decoded.fds && client_.received_fds() > 0; ++i)
      request.fds.push_back(std::make_shared<UniqueFd>(client_.take_fd()));
    if (request.fds.size() < decoded.fds)
      return complain(qualified_name(message) + " lacks a descriptor");
  } catch (const ProtocolError& error) {
    return complain(error.what());
  }
  lines_.push_back(line_of(request));
  if (on_request) on_request(request);
  answer(request);
  heard_.push_back(std::move(request));
}

std::string FakeCompositor::line_of(const Arrived& request) {
  std::string line = qualified_name(*request.message) + "(";
  const Decoded decoded = request.decoded();
  for (size_t i = 0; i < decoded.count; ++i)
    line += (i ? ", " : "") + argument_text(request, request.message->args[i], decoded.values[i]);
  return line + ")";
}

std::string FakeCompositor::argument_text(const Arrived& request, const Argument& arg,
                                          const Value& value) {
  switch (arg.type) {
    case ArgType::object: {
      if (value.word == 0) return "0";
      const auto named = objects_.find(value.word);
      const bool fits =
          named != objects_.end() && (!arg.interface || named->second.interface == arg.interface);
      if (!fits) complain(qualified_name(*request.message) + " names a dead or unfit object");
      return fits ? std::string(named->second.interface->name) : "?";
    }
    case ArgType::string:
      return std::string(as_text(value.data));
    case ArgType::new_id:
      return "new";
    case ArgType::fd:
      return "fd";
    default:
      return std::to_string(static_cast<int32_t>(value.word));
  }
}

void FakeCompositor::answer(const Arrived& request) {
  const Fake object = objects_.at(request.object);
  const Message& message = *request.message;
  const Decoded decoded = request.decoded();
  for (size_t i = 0; i < decoded.count; ++i) {
    const Argument& arg = message.args[i];
    const Value& value = decoded.values[i];
    if (arg.type != ArgType::new_id) continue;
    const Interface* made = arg.interface ? arg.interface : find_interface(as_text(value.data));
    make(value.word, *made, arg.interface ? object.version : value.version, request.object);
    if (message.name == "get_xdg_surface") windows_[decoded.values[1].word] = value.word;
    if (message.name == "get_layer_surface") windows_[decoded.values[1].word] = value.word;
    if (message.name == "sync") {
      emit(value.word, "done", {0u});
      remove(value.word);
    }
  }
  if (request.is("wl_surface.commit")) answer_commit(request.object);
  if (message.destructor) remove(request.object);
}

// A window's first commit is answered with what it has to be.
void FakeCompositor::answer_commit(uint32_t surface) {
  const auto window = windows_.find(surface);
  if (window == windows_.end() || !objects_.contains(window->second)) return;
  const uint32_t role = window->second;
  if (configured_[role]) return;
  if (objects_.at(role).interface == &protocol::zwlr_layer_surface_v1)
    emit(role, "configure", {++serial_, 10u, 10u});
  else if (const auto of_size = role_of(role); of_size != 0)
    configure_window(role, of_size);
  else
    return;  // it has not said yet what it will be
  configured_[role] = true;
}

uint32_t FakeCompositor::role_of(uint32_t xdg_surface) const {
  // Numbers are used again, so what has this maker may have had another.
  for (const auto& [id, other] : objects_)
    if (other.maker == xdg_surface &&
        (other.interface == &protocol::xdg_toplevel || other.interface == &protocol::xdg_popup))
      return id;
  return 0;
}

void FakeCompositor::configure_window(uint32_t xdg_surface, uint32_t role) {
  if (objects_.at(role).interface == &protocol::xdg_toplevel)
    emit(role, "configure", {manners_.window_width, 0u, std::string_view()});
  else
    emit(role, "configure", {0u, 0u, 10u, 10u});
  emit(xdg_surface, "configure", {++serial_});
}

void FakeCompositor::make(uint32_t id, const Interface& interface, uint32_t version,
                          uint32_t maker) {
  if (objects_.contains(id)) complain("id " + std::to_string(id) + " is taken");
  objects_[id] = {&interface, version, maker};
  configured_.erase(id);
  windows_.erase(id);
  if (&interface == &protocol::wl_registry)
    for (uint32_t i = 0; i < globals_.size(); ++i)
      emit(id, "global", {i + 1, std::string_view(globals_[i].interface), globals_[i].version});
  if (&interface == &protocol::wl_seat) emit(id, "capabilities", {manners_.seat_capabilities});
}

// Ids of our own range are free without a word.
void FakeCompositor::remove(uint32_t id) {
  objects_.erase(id);
  constexpr uint32_t first_server = 0xff000000;
  if (manners_.deletes_ids && id < first_server) emit(1, "delete_id", {id});
}

void FakeCompositor::emit(uint32_t id, const std::string& event, const std::vector<Word>& values) {
  const Interface& interface = *objects_.at(id).interface;
  encode(client_.out(), id, event_named(interface, event), values);
}

void FakeCompositor::complain(const std::string& text) {
  complaints_.push_back(text);
}

}  // namespace wayferry::test
