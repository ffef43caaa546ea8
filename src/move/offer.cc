// SPDX-License-Identifier: MIT
#include "move/offer.h"

#include <nlohmann/json.hpp>

namespace wayferry {

transfer::ToTarget make_offer(const SessionRecord& record, const control::StatusReply& status,
                              const std::string& display, const MemoryNeeds& memory) {
  transfer::ToTarget message;
  transfer::Offer& offer = *message.mutable_offer();
  offer.set_move_id(record.move_id);
  offer.set_container(to_json(record.spec).dump());
  offer.set_engine(record.engine);
  offer.set_display(display);
  offer.set_memory_bytes(memory.eager);
  offer.set_lazy_memory_bytes(memory.lazy);
  for (const control::Global& bound : status.bound()) {
    transfer::Global& global = *offer.add_globals();
    global.set_interface(bound.interface());
    global.set_version(bound.version());
  }
  return message;
}

std::vector<control::Global> globals_of(const transfer::Offer& offer) {
  std::vector<control::Global> globals;
  for (const transfer::Global& offered : offer.globals()) {
    control::Global& global = globals.emplace_back();
    global.set_interface(offered.interface());
    global.set_version(offered.version());
  }
  return globals;
}

}  // namespace wayferry
