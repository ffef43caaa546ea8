// SPDX-License-Identifier: MIT
//
// Whatever a compositor writes into its socket: the relay takes it or leaves it, says nothing to
// the app of objects that the app does not have, and its state can be written and read.
// The input's first byte is the number of descriptors that come with the rest.
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include "fuzz.h"

using namespace wayferry;
using namespace wayferry::fuzz;

namespace {

// A relay whose compositor's end is in our own hands. The seeds know its ids: as in the app's
// range, for both sides count alike.
struct World {
  World() {
    static const UniqueFd listener = listen_unix(display("own"));
    auto [app_end, relay_end] = socket_pair();
    app = std::make_unique<FakeApp>(std::move(app_end));
    relay = std::make_unique<Relay>(std::move(relay_end));
    relay->set_link(std::make_unique<CompositorLink>(display("own").native()));
    compositor = WireChannel(UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)));
    for (const BaselineGlobal& global : baseline()) {
      VirtualGlobal& added = relay->model().add_global(*global.interface, global.version);
      added.compositor_name = added.name;
      added.compositor_version = global.version;
    }
    relay->watch_globals();
    start(*app);
    for (const BaselineGlobal& global : baseline()) make_children(*global.interface);
    relay->drain_app();
    relay->flush();
  }

  // One of everything that a global makes without knowing more than a surface and a seat.
  void make_children(const Interface& interface) {
    const uint32_t maker = id_of(interface);
    for (const Message& request : interface.requests) {
      std::vector<Word> values;
      bool simple = !request.args.empty() && request.args[0].type == ArgType::new_id;
      for (const Argument& arg : request.args) {
        simple &= arg.type != ArgType::fd && arg.type != ArgType::string;
        if (arg.type == ArgType::object) values.emplace_back(object_for(arg));
        if (arg.type == ArgType::object) simple &= std::get<uint32_t>(values.back()) != 0;
        if (arg.type == ArgType::integer || arg.type == ArgType::uinteger) values.emplace_back(1u);
        if (arg.type == ArgType::new_id) values.emplace_back(0u);
      }
      if (!simple) continue;
      values[0] = app->make(*request.args[0].interface);
      made[request.args[0].interface] = std::get<uint32_t>(values[0]);
      app->say(maker, request, values);
    }
  }

  static uint32_t id_of(const Interface& global) {
    const auto at = std::ranges::find(baseline(), &global, &BaselineGlobal::interface);
    return 3 + static_cast<uint32_t>(at - baseline().begin());
  }

  uint32_t object_for(const Argument& arg) const {
    if (!arg.interface) return 0;
    if (baseline_version(*arg.interface) > 0) return id_of(*arg.interface);
    const auto at = made.find(arg.interface);
    return at == made.end() ? 0 : at->second;
  }

  std::map<const Interface*, uint32_t> made;
  std::unique_ptr<FakeApp> app;
  std::unique_ptr<Relay> relay;
  WireChannel compositor;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  spdlog::set_level(spdlog::level::off);
  World world;
  for (int i = 0; i < data[0] % 32; ++i) world.compositor.queue_fd(some_file());
  world.compositor.out() = std::string_view(reinterpret_cast<const char*>(data + 1), size - 1);
  world.compositor.flush();
  try {
    world.relay->pump_compositor();
  } catch (const CompositorLost&) {
    // It is left, as it should be.
  } catch (const ProtocolError&) {
  } catch (const SystemError&) {
  }
  world.relay->flush();
  world.app->hear();
  travels(*world.relay);
  return 0;
}
