// SPDX-License-Identifier: MIT
//
// Whatever an app writes into its socket: the relay takes it or ends the connection, says nothing
// illegal to the compositor, and its state can be written, read and attached elsewhere.
// The input's first byte is the number of descriptors that come with the rest.
#include <spdlog/spdlog.h>

#include "fuzz.h"

using namespace wayferry;
using namespace wayferry::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  spdlog::set_level(spdlog::level::off);
  FakeCompositor& first = compositor(display("first"));
  FakeCompositor& second = compositor(display("second"));
  auto [app_end, relay_end] = socket_pair();
  FakeApp app(std::move(app_end));
  Relay relay(std::move(relay_end));
  attach(relay, display("first"), 10s);
  start(app);
  for (int i = 0; i < data[0] % 32; ++i) app.queue_fd(some_file());
  app.say_raw({reinterpret_cast<const char*>(data + 1), size - 1});
  app.flush();
  const bool alive = relay.drain_app();
  relay.round_trip(std::chrono::steady_clock::now() + 10s);
  nothing_wrong_at(first);
  travels(relay);
  if (!alive) return 0;
  try {
    attach(relay, display("second"), limit);
  } catch (const CompositorLost&) {
    // An app that does not do as the shell says waits for ever, and may.
  }
  nothing_wrong_at(second);
  travels(relay);
  return 0;
}
