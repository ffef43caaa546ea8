// SPDX-License-Identifier: MIT
#include "wire/protocol.h"

#include <algorithm>

namespace wayferry {

const Interface* find_interface(std::string_view name) {
  const auto all = all_interfaces();
  const auto found = std::ranges::lower_bound(all, name, {}, &Interface::name);
  return found != all.end() && (*found)->name == name ? *found : nullptr;
}

uint32_t baseline_version(const Interface& interface) {
  const auto found = std::ranges::find(baseline(), &interface, &BaselineGlobal::interface);
  return found == baseline().end() ? 0 : found->version;
}

std::string qualified_name(const Message& message) {
  return std::string(message.interface->name) + "." + std::string(message.name);
}

const Message* destructor_of(const Interface& interface) {
  const auto found = std::ranges::find_if(interface.requests, [](const Message& request) {
    return request.destructor && request.args.empty();
  });
  return found == interface.requests.end() ? nullptr : &*found;
}

}  // namespace wayferry
