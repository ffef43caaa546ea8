// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "util/unique_fd.h"
#include "wire/protocol.h"

// One protocol object as the app sees it, with the requests that still matter. It has at most one
// counterpart at the compositor; without one it is inert: it lives for the app, nobody hears it.

namespace wayferry {

/// An object's number for the app; never changes while the object lives.
enum class AppId : uint32_t { none = 0, display = 1, first_server = 0xff000000 };
/// An object's number at the compositor of now; another after each attach.
enum class CompositorId : uint32_t { none = 0, display = 1, first_server = 0xff000000 };
/// An object's place in our table. Recorded requests name objects by slot.
enum class Slot : uint32_t { none = 0, display = 1 };

template <typename Id>
constexpr uint32_t raw(Id id) {
  return std::to_underlying(id);
}

/// Where the memory behind a pool is at the time of a checkpoint.
struct PoolPlace {
  enum class Kind : uint8_t { unknown, mapping, descriptor, contents };
  Kind kind = Kind::unknown;
  uint32_t pid = 0;  ///< in the container's PID namespace
  uint64_t start = 0;
  uint64_t end = 0;  ///< mapping: addresses; descriptor: `start` is its number
};

/// A file that the app gave to the compositor (a shm pool), kept open because the app may close its
/// own descriptor and the pool lives on.
struct PoolFile {
  UniqueFd fd;
  PoolPlace place;
};

/// A request (or an event, of what the app was told) in the app's words, with slots for ids.
struct Recorded {
  uint64_t sequence = 0;
  uint16_t opcode = 0;
  uint16_t group = 0;
  bool strong =
      false;  ///< what it names must be rebuilt for it, even if the app destroyed it since
  std::string body;
  std::shared_ptr<PoolFile> file;
};

enum class Life : uint8_t {
  alive,
  destroyed,  ///< the app (or an event) ended it; its id waits for delete_id
  gone        ///< its id is free; kept because something alive depends on it
};

struct Object {
  Slot slot = Slot::none;
  const Interface* interface = nullptr;
  uint32_t version = 1;
  AppId app_id = AppId::none;
  Life life = Life::alive;

  CompositorId compositor_id = CompositorId::none;
  uint32_t compositor_version = 0;  ///< as bound there; may be older than `version`

  Slot maker = Slot::none;  ///< none: made by an event, or the display itself
  Recorded creation;
  bool by_event = false;         ///< its id is of the compositor's range
  bool awaits_commit = false;    ///< a frame callback whose commit has not come yet
  bool awaits_parent = false;    ///< one whose commit waits for that of a parent surface
  std::vector<Recorded> log;     ///< in force, in order of sequence
  std::vector<Recorded> cached;  ///< committed to a sub-surface that waits for its parent's commit
  std::vector<Recorded> pending;
  std::vector<Recorded> focus;  ///< done again at the first focus after an attach
  std::vector<Recorded> told;   ///< events that hold until their closing event

  Slot surface = Slot::none;     ///< whose commit applies `pending`
  std::vector<Slot> dependents;  ///< of a surface: the objects whose `surface` it is
  // Of a surface with sub-surfaces, these and itself, bottom to top: as the app said last, as of a
  // commit that waits for a parent's, as in force.
  std::vector<Slot> stack, stack_cached, stack_now;
  // Of a surface: what was destroyed and holds until its next commit, until a commit that waits for
  // a parent's.
  std::vector<Slot> lingering, lingering_cached;
  Slot role = Slot::none;     ///< of a surface: its sub-surface object; of that: its surface
  bool waits = false;         ///< of a sub-surface: what it committed waits for its parent's commit
  bool committed = false;     ///< of a surface: since it became a window, or was shown last
  bool busy = false;          ///< of a buffer: attached and not yet released
  bool keyed = false;         ///< an `each` record is kept for it
  bool introduced = false;    ///< events that come once in its life were made by us
  bool dragged = false;       ///< of a data source: a drag with it is under way
  uint32_t capabilities = 0;  ///< of a seat: as told last
  std::string told_configure;  ///< of a toplevel, popup: body of the last configure

  uint32_t commits = 0;         ///< of a text input: how many the app has made
  uint32_t commits_before = 0;  ///< of those, made to earlier compositors
  uint32_t scale = 1;           ///< of an output, of a surface: as told last
  uint32_t owed_x = 0;          ///< of a surface: an offset that an older compositor takes only
  uint32_t owed_y = 0;          ///< with the next attach
  std::string kept_size;        ///< of a toplevel: told while the compositor leaves its size open

  uint32_t strong = 0;  ///< how many need it to be rebuilt
  uint32_t weak = 0;    ///< how many only name it

  bool is(const Interface& other) const { return interface == &other; }
  bool inert() const { return compositor_id == CompositorId::none; }
};

}  // namespace wayferry
