// SPDX-License-Identifier: MIT
//
// Reading a state: everything here checks before it believes. What holds of each object and record
// alone is checked as it is read, what holds of all together when they are (model/whole.h).
#include <algorithm>
#include <set>

#include "model/save.h"
#include "model/whole.h"
#include "util/error.h"
#include "wire/opcodes.gen.h"

namespace wayferry {
namespace {

using Files = std::vector<std::shared_ptr<PoolFile>>;

class Loader {
 public:
  Loader(const state::Connection& from, const Files& files, Connection& into)
      : from_(from), files_(files), into_(into) {}

  void load() {
    into_.serials = Serials(from_.last_serial());
    into_.set_sequence(from_.sequence());
    // No client has so many objects; a damaged file may say anything.
    constexpr uint32_t most_ids = 1u << 24;
    if (from_.app_id_end() > most_ids) throw ProtocolError("state", "it has too many ids");
    into_.objects.raise_app_id_end(from_.app_id_end());
    load_globals();
    for (const auto& object : from_.objects()) make_object(object);
    for (const auto& object : from_.objects())
      if (object.slot() != raw(Slot::display)) load_creation(object);
    for (const auto& object : from_.objects()) load_records(object);
    link_in_order();
    for (const auto& object : from_.objects()) load_stacks(object);
    release_gone();
    demand_whole(into_);
  }

 private:
  [[noreturn]] static void fail(const state::Object& object, const std::string& text) {
    throw ProtocolError(
        "state, " + object.interface() + " in slot " + std::to_string(object.slot()), text);
  }

  void load_globals() {
    for (const auto& global : from_.globals()) {
      const Interface* interface = find_interface(global.interface());
      if (!interface || global.name() != into_.globals.size() + 1)
        throw ProtocolError("state, global " + global.interface(), "unknown or out of place");
      into_.add_global(*interface, global.version()).withdrawn = global.withdrawn();
    }
  }

  void make_object(const state::Object& from) {
    if (from.slot() == raw(Slot::display)) return;
    const Interface* interface = find_interface(from.interface());
    // The version is that of the global it came from, which may be above the interface's own.
    if (!interface || from.version() < 1) fail(from, "unknown interface");
    if (from.life() > std::to_underlying(Life::gone)) fail(from, "unknown life");
    // Room is made for all numbers up to it.
    const bool by_event = AppId{from.app_id()} >= AppId::first_server;
    if (!by_event && from.app_id() >= std::max(from_.app_id_end(), 1u))
      fail(from, "its number is above the app's highest");
    Object& object =
        into_.objects.make_at(Slot{from.slot()}, *interface, from.version(), AppId{from.app_id()});
    const Life life{static_cast<uint8_t>(from.life())};
    if ((life == Life::gone) != (from.app_id() == 0)) fail(from, "its life contradicts its id");
    if (life != Life::alive) ended_.insert(object.slot);
    // Kept until the references to it are counted.
    object.life = Life::alive;
    object.awaits_commit = from.awaits_commit();
    object.awaits_parent = from.awaits_parent();
    object.busy = from.busy();
    object.capabilities = from.capabilities();
    object.told_configure = from.told_configure();
    object.commits = from.commits();
    object.commits_before = from.commits();
    object.dragged = from.dragged();
    object.by_event = from.maker() == 0;
  }

  Object& object_of(const state::Object& from) { return into_.objects.at(Slot{from.slot()}); }

  Recorded load_record(const state::Object& owner, const state::Recorded& from,
                       std::span<const Message> messages) {
    if (from.opcode() >= messages.size()) fail(owner, "a record has an unknown opcode");
    if (from.file() > files_.size()) fail(owner, "a record names a file that is not there");
    const Message& message = messages[from.opcode()];
    if (fd_count(message) != (from.file() ? 1 : 0))
      fail(owner, qualified_name(message) + " has another number of files");
    Recorded recorded{.sequence = from.sequence(),
                      .opcode = static_cast<uint16_t>(from.opcode()),
                      .group = message.opcode,
                      .strong = from.strong(),
                      .body = from.body(),
                      .file = from.file() ? files_[from.file() - 1] : nullptr};
    check_body(owner, message, recorded.body);
    into_.objects.keep(message, recorded);
    return recorded;
  }

  void check_body(const state::Object& owner, const Message& message, std::string& body) {
    Decoded decoded;
    decode(message, bytes_of(body), decoded);
    for (size_t i = 0; i < decoded.count; ++i) {
      const Argument& arg = message.args[i];
      if (arg.type != ArgType::object || decoded.values[i].word == 0) continue;
      const Object* named = into_.objects.find(Slot{decoded.values[i].word});
      if (!named || (arg.interface && named->interface != arg.interface))
        fail(owner, qualified_name(message) + " names a slot that holds no fitting object");
    }
  }

  void load_creation(const state::Object& from) {
    Object& object = object_of(from);
    if (from.maker() == 0) {
      object.creation.sequence = from.creation().sequence();
      return;
    }
    const Object* maker = into_.objects.find(Slot{from.maker()});
    if (!maker) fail(from, "its maker is not there");
    object.maker = maker->slot;
    object.creation = load_record(from, from.creation(), maker->interface->requests);
    check_makes(from, maker->interface->requests[object.creation.opcode], object);
    into_.objects.keep_maker(object);
  }

  void check_makes(const state::Object& from, const Message& request, const Object& object) {
    const auto arg = std::ranges::find(request.args, ArgType::new_id, &Argument::type);
    const bool fits =
        arg != request.args.end() &&
        (arg->interface ? arg->interface == object.interface : binds(request, object));
    if (!fits) fail(from, qualified_name(request) + " does not make such an object");
  }

  bool binds(const Message& bind, const Object& object) {
    Decoded decoded;
    decode(bind, bytes_of(object.creation.body), decoded);
    const VirtualGlobal* global = into_.global_by_name(value_of(bind, decoded, "name").word);
    return global && global->interface == object.interface && object.version <= global->version;
  }

  // What has a place in a list is what its rule puts there; anything else would be said as well.
  template <typename Records>
  void load_requests(const state::Object& owner, const Records& from, std::vector<Recorded>& into,
                     std::initializer_list<RequestRule> kept) {
    for (const auto& record : from) {
      into.push_back(load_record(owner, record, object_of(owner).interface->requests));
      const Message& message = object_of(owner).interface->requests[into.back().opcode];
      if (!std::ranges::contains(kept, request_carry(message).rule) || message.destructor ||
          std::ranges::contains(message.args, ArgType::new_id, &Argument::type))
        fail(owner, qualified_name(message) + " is not kept like this");
      into.back().group = request_carry(message).group;
      if (request_carry(message).rule == RequestRule::each)
        into_.objects.at(slot_of(message, into.back().body, message.args[0].name)).keyed = true;
    }
  }

  void load_records(const state::Object& from) {
    using Rule = RequestRule;
    Object& object = object_of(from);
    load_requests(from, from.log(), object.log,
                  {Rule::latest, Rule::grow, Rule::each, Rule::append, Rule::pending, Rule::code});
    load_requests(from, from.cached(), object.cached, {Rule::pending});
    load_requests(from, from.pending(), object.pending, {Rule::pending});
    load_requests(from, from.focus(), object.focus, {Rule::focus});
    for (const auto& record : from.told()) {
      object.told.push_back(load_record(from, record, object.interface->events));
      const EventRule rule = event_carry(object.interface->events[object.told.back().opcode]).rule;
      if (rule != EventRule::until && rule != EventRule::null)
        fail(from, "it was told what does not hold");
    }
  }

  // Makers come before what they made, else an attach could not make them in order.
  void link_in_order() {
    for (Object* object : into_.objects.in_order()) {
      if (object->maker == Slot::none) continue;
      const Object& maker = into_.objects.at(object->maker);
      if (maker.creation.sequence >= object->creation.sequence)
        throw ProtocolError("state, slot " + std::to_string(raw(object->slot)),
                            "it is older than its maker");
      into_.link(*object, !ended_.contains(object->slot));
    }
  }

  void load_stacks(const state::Object& from) {
    Object& object = object_of(from);
    object.stack = stack_of(from, from.stack());
    object.stack_cached = stack_of(from, from.stack_cached());
    object.stack_now = stack_of(from, from.stack_now());
    load_lingering(from, from.lingering(), object.lingering);
    load_lingering(from, from.lingering_cached(), object.lingering_cached);
    object.committed = from.committed();
    object.waits = from.waits();
  }

  template <typename Slots>
  void load_lingering(const state::Object& from, const Slots& slots, std::vector<Slot>& into) {
    if (!slots.empty() && ended_.contains(Slot{from.slot()}))
      fail(from, "it is gone, and something lingers on it");
    for (const uint32_t slot : slots) {
      const Object* object = into_.objects.find(Slot{slot});
      if (!object || !traits_of(*object->interface).lingers || !ended_.contains(object->slot) ||
          object->surface != Slot{from.slot()} || !lingering_.insert(object->slot).second)
        fail(from, "what cannot linger on it does");
      into_.objects.hold(object->slot);
      into.push_back(object->slot);
    }
  }

  template <typename Slots>
  std::vector<Slot> stack_of(const state::Object& from, const Slots& slots) {
    std::vector<Slot> stack;
    for (const uint32_t slot : slots) {
      const Object* surface = into_.objects.find(Slot{slot});
      if (!surface || !is_part(*surface, Slot{from.slot()}))
        fail(from, "its stack names what is not in it");
      stack.push_back(surface->slot);
    }
    return stack;
  }

  bool is_part(const Object& surface, Slot whole) {
    const Object* role = into_.objects.find(surface.role);
    return surface.slot == whole || (role && role->surface == whole);
  }

  void release_gone() {
    for (const Slot slot : ended_) {
      Object* object = into_.objects.find(slot);
      if (!object) continue;  // went with another
      const bool released = object->app_id == AppId::none;
      into_.objects.end(*object);
      object = into_.objects.find(slot);
      if (object && released) into_.objects.release_app_id(*object);
    }
  }

  const state::Connection& from_;
  const Files& files_;
  Connection& into_;
  std::set<Slot> ended_;  // for the app
  std::set<Slot> lingering_;
};

}  // namespace

std::unique_ptr<Connection> load_connection(const state::Connection& from, const Files& files) {
  auto connection = std::make_unique<Connection>();
  Loader(from, files, *connection).load();
  return connection;
}

state::Session parse_session(std::string_view bytes) {
  state::Session session;
  if (!session.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    throw ProtocolError("state", "it is damaged or no state of wayferry");
  if (session.format() != state_format)
    throw ProtocolError("state", "it has format " + std::to_string(session.format()) +
                                     ", this wayferry reads " + std::to_string(state_format));
  return session;
}

}  // namespace wayferry
