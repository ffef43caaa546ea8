// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

// The shape of every Wayland message we know, as constant data. The scanner makes the tables at
// build time from the protocols' XML; reading, writing, recording, logging and fuzzing all walk the
// same tables, so a protocol is added by naming its XML file and writing its lines in carry.rules.

namespace wayferry {

struct Interface;

/// The argument types of the wire format (https://wayland.freedesktop.org/docs/html/ch04.html).
enum class ArgType : uint8_t { integer, uinteger, fixed, string, object, new_id, array, fd };

struct Argument {
  std::string_view name;
  ArgType type;
  bool nullable;
  bool serial;                 ///< a number of the compositor's event counter, to be translated
  const Interface* interface;  ///< of object and new_id; null: any (new_id then has name, version)
};

struct Message {
  std::string_view name;
  const Interface* interface;
  std::span<const Argument> args;
  uint16_t opcode;
  uint16_t since;
  uint16_t number;  ///< unique over all requests (or all events): index into the rule tables
  bool destructor;  ///< the object is gone for whoever sent this
};

struct Interface {
  std::string_view name;
  uint32_t version;
  std::span<const Message> requests;
  std::span<const Message> events;
};

/// All interfaces known, sorted by name.
std::span<const Interface* const> all_interfaces();

/// Null if no such interface is known.
const Interface* find_interface(std::string_view name);

/// A global that we are willing to offer and the highest version we carry (protocols/baseline.txt).
struct BaselineGlobal {
  const Interface* interface;
  uint32_t version;
  bool required;  ///< an app that uses it cannot be attached to a compositor without it
};
std::span<const BaselineGlobal> baseline();

/// The version offered at most, 0 if the interface is never offered.
uint32_t baseline_version(const Interface& interface);

/// The request that ends an object, and takes nothing; null if it has none.
const Message* destructor_of(const Interface& interface);

/// "wl_surface.attach", for error texts and logs.
std::string qualified_name(const Message& message);

}  // namespace wayferry
