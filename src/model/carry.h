// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "wire/protocol.h"

// The rules of protocols/carry.rules as constant data: how the state behind every message is
// carried from one compositor to another. The file itself says what each rule means.

namespace wayferry {

enum class RequestRule : uint8_t {
  none,  ///< no app can reach this interface
  create,
  dismiss,
  destroy,
  latest,
  grow,
  each,
  append,
  pending,
  drop,
  focus,
  code
};

struct RequestCarry {
  RequestRule rule;
  uint16_t group;     ///< messages of one group replace each other
  int16_t dismissal;  ///< opcode of the event that dismisses the made object, -1: none
};

enum class EventRule : uint8_t { none, pass, stream, until, ends, null, code };

struct EventCarry {
  EventRule rule;
  int16_t closing;            ///< of `until`: opcode of the event told on leaving
  uint32_t closing_argument;  ///< its numbers
};

struct InterfaceCarry {
  const Interface* interface;
  bool value;
  bool lingers;                 ///< destroyed, it holds until its surface's next commit
  std::string_view applies_at;  ///< "" = the first surface argument
  int16_t without;              ///< opcode of the event told by an inert object, -1: none
  uint32_t without_argument;    ///< its numbers
};

/// Indexed by Message::number of requests, of events; traits sorted by interface name.
std::span<const RequestCarry> all_request_rules();
std::span<const EventCarry> all_event_rules();
std::span<const InterfaceCarry> all_traits();

inline const RequestCarry& request_carry(const Message& request) {
  return all_request_rules()[request.number];
}
inline const EventCarry& event_carry(const Message& event) {
  return all_event_rules()[event.number];
}
const InterfaceCarry& traits_of(const Interface& interface);

}  // namespace wayferry
