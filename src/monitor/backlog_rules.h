// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "wire/protocol.h"

// What becomes of an event while others wait for an app that does not read.

namespace wayferry {

enum class Thinning : uint8_t {
  keep,    ///< waits, whatever there is
  answer,  ///< as keep, and does not count: there are no more than the app has asked for
  latest,  ///< takes the place of its like, with the same key; stands last
  run,     ///< written over its like, if nothing was kept of the object since
  sum,     ///< as run, numbers with a sign are added up
  group,   ///< ends a group of the object's events; alone it says nothing
  stroke,  ///< down or up, by its state: never one without the other
  down,
  up,
  text  ///< left out, with its group, where there is too much already
};

struct BacklogRule {
  Thinning thinning = Thinning::keep;
  std::string_view key;  ///< the argument that tells its likes apart; "" = none, "*" = all
};

const BacklogRule& backlog_rule(const Message& event);

/// The key's value, as on the wire; "" without a key.
std::string backlog_key(const Message& event, const std::string& body);

/// Adds the newer body's numbers to the older's and takes over the rest of it.
std::string backlog_sum(const Message& event, const std::string& older, std::string newer);

}  // namespace wayferry
