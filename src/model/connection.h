// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/carry.h"
#include "model/objects.h"
#include "model/recorded.h"
#include "model/serials.h"

// What one connection of the app has asked for and been told: the reduced log. It is fed with every
// message after it was checked and its ids were resolved, applies the message's rule, and can be
// saved and rebuilt from. It does no I/O and sends nothing: what an attach has to say to the
// compositor and to the app is derived from it elsewhere (monitor/attach.h).

namespace wayferry {

/// A checked message with its objects found, in either direction.
struct Call {
  /// Clears as many `objects` as there are arguments: all would cost more than to read a message.
  Call(Object* speaker, const Message& said, const Decoded& decoded, Bytes bytes)
      : object(speaker), message(&said), args(&decoded), body(bytes) {
    std::fill_n(objects.begin(), std::max<size_t>(decoded.count, 1), nullptr);
  }

  Object* object;
  const Message* message;
  const Decoded* args;
  Bytes body;                             ///< as it came, with the sender's ids
  std::array<Object*, max_args> objects;  ///< of object arguments; null where the argument is
  Object* made = nullptr;                 ///< of the new_id argument
  std::shared_ptr<PoolFile> file;         ///< of the descriptor argument, where it is kept

  const Value& value(std::string_view name) const { return value_of(*message, *args, name); }
  Object* object_named(std::string_view name) const;
};

/// A global as the app knows it: names and versions stay valid for life.
struct VirtualGlobal {
  uint32_t name = 0;  ///< the app's
  const Interface* interface = nullptr;
  uint32_t version = 0;
  uint32_t compositor_name = 0;  ///< 0: this compositor does not have it
  uint32_t compositor_version = 0;
  bool withdrawn = false;  ///< the app was told that it is gone
};

class Connection {
 public:
  Objects objects;
  Serials serials;
  std::vector<VirtualGlobal> globals;

  /// Applies a request's rule. Objects made by it exist already (Call::made).
  void request(const Call& call);
  /// Applies an event's rule.
  void event(const Call& call);

  /// Adds a global that the app is (to be) told of; returns its record.
  VirtualGlobal& add_global(const Interface& interface, uint32_t version);
  VirtualGlobal* global_by_name(uint32_t app_name);

  uint64_t next_sequence() { return ++sequence_; }
  uint64_t sequence() const { return sequence_; }
  void set_sequence(uint64_t sequence) { sequence_ = sequence; }

  /// A surface's state is on screen, as far as the app knows.
  bool mapped(const Object& surface);

  /// Restores the links that are derived from an object's creation. `lives`: it has its place in
  /// them still, or else it is only kept to be made again.
  void link(Object& made, bool lives = true);

 private:
  Recorded record(const Call& call, bool strong);
  void keep_latest(Object& object, std::vector<Recorded>& records, Recorded recorded);
  void keep_each(const Call& call);
  void drop_each(Object& object, Slot key, std::optional<uint16_t> opcode);
  void create(const Call& call);
  void destroy(Object& object);
  void linger(Object& object);
  void stop_lingering(std::vector<Slot>& list);
  void commit_lingering(Object& surface);
  void forget_decoration(Object* surface);
  bool waits_behind_another(const Object& object, const std::vector<Slot>& list);
  void commit(Object& surface);
  void cache_pending(Object& object);
  bool synchronised(const Object& surface);
  void apply(Object& surface);
  void apply_cached(Object& object);
  void set_mode(const Call& call);
  void enter_parent(Object& made, Object& parent);
  bool is_part_of(const Object& surface, const Object& whole);
  void leave_parent(Object& subsurface);
  void leave_family(Object& surface);
  void place(const Call& call);
  void request_code(const Call& call);
  void event_code(const Call& call);
  void forget_told(Object& object, uint16_t opcode,
                   const std::function<bool(const Recorded&)>& which);
  void told_until(const Call& call);
  void told_end(const Call& call);
  Slot clone(Object& value);

  uint64_t sequence_ = 0;
};

}  // namespace wayferry
