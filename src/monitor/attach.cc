// SPDX-License-Identifier: MIT
#include "monitor/attach.h"

#include <algorithm>

#include "monitor/attach_parts.h"
#include "wire/opcodes.gen.h"

namespace wayferry {
namespace {

bool is_output(const VirtualGlobal& global) {
  return global.interface == &protocol::wl_output;
}

// The app keeps its names and versions; behind each stands the first free global of the same kind
// here, or none. Returns the globals that the app does not know.
std::vector<CompositorGlobal> match_globals(Relay& relay) {
  std::set<uint32_t> used;
  for (VirtualGlobal& known : relay.model().globals) {
    known.compositor_name = 0;
    for (const CompositorGlobal& global : relay.link()->globals()) {
      if (known.withdrawn || global.interface != known.interface->name ||
          !used.insert(global.name).second)
        continue;
      known.compositor_name = global.name;
      known.compositor_version = std::min(global.version, known.version);
      break;
    }
  }
  std::vector<CompositorGlobal> unknown;
  for (const CompositorGlobal& global : relay.link()->globals())
    if (relay.offered_version(global) > 0 && !used.contains(global.name)) unknown.push_back(global);
  return unknown;
}

void announce_new(Relay& relay, const std::vector<CompositorGlobal>& globals) {
  for (const CompositorGlobal& global : globals) {
    VirtualGlobal& added =
        relay.model().add_global(*find_interface(global.interface), relay.offered_version(global));
    added.compositor_name = global.name;
    added.compositor_version = added.version;
    relay.announce(added);
  }
}

// Outputs that are no more, when others are there: an app never sees none.
void withdraw_outputs(Relay& relay) {
  auto& globals = relay.model().globals;
  if (std::ranges::none_of(globals, [](const VirtualGlobal& global) {
        return is_output(global) && global.compositor_name != 0;
      }))
    return;
  for (VirtualGlobal& global : globals)
    if (is_output(global) && global.compositor_name == 0 && !global.withdrawn)
      relay.withdraw(global);
}

// What we answer ourselves is offered whatever the compositor has.
void announce_ours(Relay& relay) {
  if (std::ranges::contains(relay.model().globals, &protocol::wl_fixes, &VirtualGlobal::interface))
    return;
  relay.announce(
      relay.model().add_global(protocol::wl_fixes, baseline_version(protocol::wl_fixes)));
}

AttachReport rebuild(Relay& relay, AttachClock::time_point end) {
  tell_farewell(relay);
  relay.round_trip(end);  // brings the compositor's globals
  const auto unknown = match_globals(relay);
  ObjectBuilder objects(relay, end);
  objects.build();
  WindowBuilder windows(relay, end);
  windows.build();
  // What the app has committed to sub-surfaces and what it has not committed at all comes on top of
  // that, as it does at the compositor that the app left.
  windows.add_committed(objects);
  windows.add_pending();
  objects.destroy_makers();
  objects.dismiss_and_release();
  windows.tell_wanted_sizes();
  relay.round_trip(end);  // whatever the compositor has against it, it says now
  announce_new(relay, unknown);
  announce_ours(relay);
  withdraw_outputs(relay);
  return {.objects = relay.model().objects.size(), .inert = objects.reasons()};
}

}  // namespace

AttachReport attach(Relay& relay, const std::string& display, std::chrono::milliseconds limit) {
  relay.set_link(std::make_unique<CompositorLink>(display));
  relay.attaching = true;
  relay.focus_owed = true;
  try {
    AttachReport report = rebuild(relay, AttachClock::now() + limit);
    relay.attaching = false;
    relay.watch_globals();
    return report;
  } catch (...) {
    // Whoever tries again starts from a clean connection.
    relay.attaching = false;
    relay.self_configured.clear();
    relay.wanted_configures.clear();
    detach(relay);
    throw;
  }
}

void detach(Relay& relay) {
  relay.set_link(nullptr);
  tell_farewell(relay);
  relay.flush();
}

Offer offer_of(const std::string& display, std::chrono::milliseconds limit) {
  Relay probe{UniqueFd()};
  probe.set_link(std::make_unique<CompositorLink>(display));
  probe.round_trip(AttachClock::now() + limit);
  Offer offer;
  for (const CompositorGlobal& global : probe.link()->globals())
    if (const uint32_t version = probe.offered_version(global))
      offer[global.interface] = std::max(offer[global.interface], version);
  return offer;
}

std::vector<std::string> missing_globals(const std::string& display,
                                         const std::vector<control::Global>& needed,
                                         std::chrono::milliseconds limit) {
  Relay probe{UniqueFd()};
  probe.set_link(std::make_unique<CompositorLink>(display));
  probe.round_trip(AttachClock::now() + limit);
  std::vector<std::string> missing;
  for (const control::Global& global : needed) {
    const auto known = std::ranges::find_if(baseline(), [&](const BaselineGlobal& b) {
      return b.interface->name == global.interface();
    });
    const bool required = known == baseline().end() || known->required;
    const bool there = std::ranges::contains(probe.link()->globals(), global.interface(),
                                             &CompositorGlobal::interface);
    if (required && !there)
      missing.push_back(global.interface() + " version " + std::to_string(global.version()) +
                        ": the compositor does not have it");
  }
  return missing;
}

}  // namespace wayferry
