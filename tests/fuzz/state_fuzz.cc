// SPDX-License-Identifier: MIT
//
// Whatever stands in a state file: it is refused with a reason, or it is whole, can be written
// again, shown, and attached to a compositor.
#include <spdlog/spdlog.h>

#include "fuzz.h"
#include "model/inspect.h"

using namespace wayferry;
using namespace wayferry::fuzz;

namespace {

void attach_elsewhere(const state::Connection& state) {
  const std::vector<std::shared_ptr<PoolFile>> files(
      static_cast<size_t>(state.files_size()),
      std::make_shared<PoolFile>(PoolFile{some_file(), {}}));
  FrozenConnection frozen;
  frozen.connection = load_connection(state, files);
  auto [app, relay_end] = socket_pair();
  Relay relay(std::move(relay_end), std::move(frozen));
  FakeCompositor& there = compositor(display("there"));
  try {
    attach(relay, display("there"), limit);
  } catch (const CompositorLost&) {
    // A state may be whole and say what no app ever would.
  }
  nothing_wrong_at(there);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  spdlog::set_level(spdlog::level::off);
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  try {
    state_to_json(bytes);
    const state::Session session = parse_session(bytes);
    for (const state::Connection& state : session.connections()) attach_elsewhere(state);
  } catch (const ProtocolError&) {
    // Refused, with its reason.
  }
  return 0;
}
