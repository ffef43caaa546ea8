// SPDX-License-Identifier: MIT
#include "model/carry.h"

#include <algorithm>

namespace wayferry {

const InterfaceCarry& traits_of(const Interface& interface) {
  static constexpr InterfaceCarry plain{nullptr, false, false, "", -1, 0};
  const auto found = std::ranges::lower_bound(
      all_traits(), interface.name, {}, [](const InterfaceCarry& t) { return t.interface->name; });
  return found != all_traits().end() && found->interface == &interface ? *found : plain;
}

}  // namespace wayferry
