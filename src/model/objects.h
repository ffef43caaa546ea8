// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <vector>

#include "model/object.h"

// The table of one connection's objects: found by slot, by the app's id, by the compositor's id.
// It owns them. An object goes when neither the app nor any record names it any more; records are
// counted, so a maker that died before what it made stays as long as it is needed to make it again.

namespace wayferry {

class Objects {
 public:
  Objects();

  Object& display() { return *slots_[raw(Slot::display)]; }
  Object& at(Slot slot);
  Object* find(Slot slot);
  Object* by_app(AppId id);
  Object* by_compositor(CompositorId id);

  /// Makes an object. `id` must be free for the app (see may_take); none: unseen by the app.
  Object& make(const Interface& interface, uint32_t version, AppId id);
  /// Makes an object at a given slot (from a state file). Throws ProtocolError if it is taken.
  Object& make_at(Slot slot, const Interface& interface, uint32_t version, AppId id);

  /// Whether the app may give this id to a new object: free, in its range and, as libwayland
  /// demands, with no gap below it.
  bool may_take(AppId id) const;
  /// Whether the compositor may give this id to an object that it makes: free, in its range and
  /// with no gap below it.
  bool may_come(CompositorId id) const;
  /// Ids below this have been used, and may be taken again in any order: a client keeps what it has
  /// freed in a list. Only ever grows.
  uint32_t app_id_end() const { return static_cast<uint32_t>(app_ids_.size()); }
  void raise_app_id_end(uint32_t end);
  /// The next id of the compositor's range, for objects made by events.
  AppId next_server_id();

  void set_compositor_id(Object& object, CompositorId id);
  void clear_compositor_ids();

  /// The app's id becomes free; the object stays while records name it.
  void release_app_id(Object& object);

  /// Ends an object for the app; its id stays taken until release_app_id.
  void end(Object& object);

  /// Counts every object that a new record names, so that it stays; uncounts them again.
  void keep(const Message& message, const Recorded& recorded);
  void let_go(const Message& message, const Recorded& recorded);
  void keep_maker(Object& object);
  /// The same for what is named by no record.
  void hold(Slot slot) { change_count(slot, true, 1); }
  void let_go(Slot slot) { change_count(slot, true, -1); }

  /// All objects in the order they were made.
  std::vector<Object*> in_order();
  /// The same, safe against objects that go meanwhile.
  template <typename Visit>
  void each_in_order(Visit visit) {
    std::vector<Slot> slots;
    for (const Object* object : in_order()) slots.push_back(object->slot);
    for (const Slot slot : slots)
      if (Object* object = find(slot)) visit(*object);
  }
  size_t size() const { return live_; }

 private:
  Object& place(size_t index, const Interface& interface, uint32_t version, AppId id);
  void free_if_unused(Object& object);

  void change_count(Slot slot, bool strong, int change);
  void clear_records(Object& object);
  void forget_creation(Object& object);

  std::vector<std::unique_ptr<Object>> slots_;
  std::vector<Slot> free_slots_;
  std::vector<Slot> app_ids_;
  std::vector<Slot> app_server_ids_;
  std::vector<Slot> compositor_ids_;
  std::vector<Slot> compositor_server_ids_;
  size_t live_ = 0;
};

}  // namespace wayferry
