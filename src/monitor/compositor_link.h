// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "model/connection.h"
#include "wire/channel.h"

// Our connection to a compositor: ids of our own, a registry of our own, syncs of our own. It knows
// nothing of the app; events for objects that are not the link's are the relay's.

namespace wayferry {

/// A compositor that cannot be reached, went away, or refused what an attach said.
struct CompositorLost : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct CompositorGlobal {
  uint32_t name = 0;
  std::string interface;
  uint32_t version = 0;
};

class CompositorLink {
 public:
  /// Connects and asks for the registry; globals() are known after the first round trip.
  explicit CompositorLink(const std::string& display);

  WireChannel& channel() { return channel_; }
  CompositorId allocate();
  /// False: the id is not one that was allocated and is not free yet.
  bool free(CompositorId id);

  CompositorId registry() const { return registry_; }
  const std::vector<CompositorGlobal>& globals() const { return globals_; }

  /// Asks for a sign that everything said so far was handled.
  CompositorId sync();
  bool synced(CompositorId id) const { return !syncs_.contains(id); }

  /// Handles an event of one of the link's own objects. False: it is not one of them.
  bool own_event(CompositorId object, uint16_t opcode, Bytes body);

  /// Nobody waits any more for what this object of the compositor's still says: it is read past.
  void abandon(CompositorId id, const Interface& interface) { abandoned_[id] = &interface; }
  /// The compositor has given the id to a new object.
  void reused(CompositorId id) { abandoned_.erase(id); }
  const Interface* abandoned(CompositorId id) const;

  /// A global came or went after the first round trip.
  std::function<void(const CompositorGlobal&, bool gone)> on_global;

  /// Sends everything, waiting for room. Throws CompositorLost.
  void flush_all(std::chrono::steady_clock::time_point end);

 private:
  void registry_event(uint16_t opcode, Bytes body);

  WireChannel channel_;
  uint32_t next_ = 2;  // 1 is the display
  std::vector<uint32_t> free_;
  std::vector<bool> used_ = {true, true};  // by id
  CompositorId registry_{};
  std::set<CompositorId> syncs_;
  std::map<CompositorId, const Interface*> abandoned_;
  std::vector<CompositorGlobal> globals_;
};

}  // namespace wayferry
