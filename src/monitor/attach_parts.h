// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "monitor/relay.h"

// The parts of an attach, in the order in which attach() runs them. Each is one job; what they
// share is the relay with its model, and the time by which the compositor must have answered.

namespace wayferry {

using AttachClock = std::chrono::steady_clock;

/// The request that made an object; it must not have been made by an event.
const Message& creation_request(Connection& model, const Object& object);
/// The app's name of the global that the object was bound from, 0: it was not bound.
uint32_t global_name(Connection& model, const Object& object);
bool is_frame_callback(Connection& model, const Object& object);

/// Tells the app that what held at its last compositor holds no more: focus is lost before it is
/// given again, outputs are left before others are entered, buffers that no window shows come back.
void tell_farewell(Relay& relay);

/// What is destroyed holds until its surface's commit, and another of its kind can be made then
/// only. A sub-surface is in force with the next commit of its parent: `committed` where that waits
/// for yet another parent's, `asked_for` where it has not come.
enum class Late { committed, asked_for };

/// Makers, objects and their lasting requests, in the order of the app's own words: what was right
/// to say then is right now. Dead makers that something alive needs are made too.
class ObjectBuilder {
 public:
  ObjectBuilder(Relay& relay, AttachClock::time_point end)
      : relay_(relay), model_(relay.model()), objects_(relay.model().objects), end_(end) {}

  void build();
  /// Makes this surface's sub-surfaces that are not in force yet, and what comes in the place of
  /// something that lingers on it.
  void build_late(Late late, Slot parent);
  /// Destroys at the compositor what lingers on a surface: it has been made again for that.
  void end_lingering(const std::vector<Slot>& lingering);
  /// Destroys at the compositor what was made only because others depend on it.
  void destroy_makers();
  /// Tells the app of objects that were not made, and frees the ids that the last compositor owed.
  void dismiss_and_release();
  /// Objects without counterpart, each with the reason.
  const std::vector<std::string>& reasons() const { return reasons_; }

 private:
  struct Step;
  void make(Object& object);
  std::optional<Late> late(const Object& object);
  std::optional<Late> behind_lingering(const Object& object);
  void make_global(Object& object);
  void make_inert(Object& object, const std::string& reason);
  bool seat_can_make(const Object& device, const Object& seat);
  bool loses_popup(const Object& window);
  static bool had_grab(const Object& popup);

  Relay& relay_;
  Connection& model_;
  Objects& objects_;
  AttachClock::time_point end_;
  std::vector<Slot> dismissed_;
  std::vector<Slot> inert_;
  std::set<Slot> asked_seats_;
  std::set<Slot> ended_;
  std::vector<std::string> reasons_;
  std::multimap<std::pair<Late, Slot>, Slot> late_;  // by parent
};

/// Puts the windows' contents back: each window is configured, answered on the app's behalf, and
/// shows what it showed; what waited for a parent's commit or for its own waits again.
class WindowBuilder {
 public:
  WindowBuilder(Relay& relay, AttachClock::time_point end)
      : relay_(relay), model_(relay.model()), objects_(relay.model().objects), end_(end) {}

  void build();
  void add_committed(ObjectBuilder& objects);
  void add_pending();
  /// Passes on the sizes that this compositor wants and that differ from what the app knows.
  void tell_wanted_sizes();

 private:
  struct Tree;
  std::vector<Tree> trees();
  std::map<Slot, Slot> parents();
  Object* role_of(Slot surface);
  void configure(const std::vector<Object*>& roles);
  void fill(Object& surface, bool shown);
  bool ask_content(Object& surface, bool shown);
  bool lost_window(Slot surface);
  void ask_committed(Object& surface);
  void ask_pending(Object& surface);
  void ask_layer(Object& surface, std::vector<Recorded> Object::* records, bool Object::* waits);
  bool waits_to_begin(Object& surface);
  std::vector<Object*> surfaces();
  void place_children(Object& parent, const std::vector<Slot>& stack);
  void place(Slot child, uint16_t request, Slot sibling);
  std::vector<Object*> parts_of(Object& surface);

  Relay& relay_;
  Connection& model_;
  Objects& objects_;
  AttachClock::time_point end_;
};

}  // namespace wayferry
