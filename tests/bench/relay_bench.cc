// SPDX-License-Identifier: MIT
//
// What the relay itself costs a message, in processor time: messages go in at one socket and come
// out at another within one thread, in batches as toolkits send them. The sockets' own cost, which
// a relay that only copies bytes would have too, is measured beside it.

#include <benchmark/benchmark.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>

#include "monitor/attach.h"
#include "monitor/relay.h"
#include "wire/opcodes.gen.h"

namespace wayferry {
namespace {

constexpr int messages_a_batch = 64;
constexpr uint32_t surface = 4;

// The far end of the relay's compositor link, driven by hand from the same thread.
struct Bench {
  Bench() {
    const Path path =
        std::filesystem::temp_directory_path() / ("relay_bench." + std::to_string(::getpid()));
    const UniqueFd listener = listen_unix(path);
    auto [app_end, relay_end] = socket_pair();
    app = WireChannel(std::move(app_end));
    relay = std::make_unique<Relay>(std::move(relay_end));
    relay->set_link(std::make_unique<CompositorLink>(path.native()));
    compositor = WireChannel(UniqueFd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)));
    std::filesystem::remove(path);
    VirtualGlobal& global = relay->model().add_global(protocol::wl_compositor, 6);
    global.compositor_name = 1;
    global.compositor_version = 6;
    say(1, protocol::wl_display, request::wl_display::get_registry, {2u});
    say(2, protocol::wl_registry, request::wl_registry::bind,
        {1u, std::string_view("wl_compositor"), 6u, 3u});
    say(3, protocol::wl_compositor, request::wl_compositor::create_surface, {surface});
    app.flush();
    pump();
  }

  void say(uint32_t object, const Interface& interface, uint16_t opcode,
           std::initializer_list<Word> values) {
    encode(app.out(), object, interface.requests[opcode], values);
  }

  void pump() {
    relay->pump_app();
    relay->flush();
    while (compositor.receive() == WireChannel::Status::open)
      compositor.consume(compositor.received().size());
  }

  WireChannel app;
  WireChannel compositor;
  std::unique_ptr<Relay> relay;
};

void relay_messages(benchmark::State& state, const std::string& batch) {
  Bench bench;
  for (auto _ : state) {
    bench.app.out() = batch;
    bench.app.flush();
    bench.pump();
  }
  state.counters["ns_a_message"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * messages_a_batch,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

std::string batch_of(uint16_t opcode, std::initializer_list<Word> values) {
  std::string batch;
  for (int i = 0; i < messages_a_batch; ++i)
    encode(batch, surface, protocol::wl_surface.requests[opcode], values);
  return batch;
}

void dropped(benchmark::State& state) {
  relay_messages(state, batch_of(request::wl_surface::damage, {0u, 0u, 8u, 8u}));
}
void pending(benchmark::State& state) {
  relay_messages(state, batch_of(request::wl_surface::set_buffer_scale, {2u}));
}
void commit(benchmark::State& state) {
  relay_messages(state, batch_of(request::wl_surface::commit, {}));
}

// The same bytes over the same two sockets, copied and not looked at.
void sockets_alone(benchmark::State& state) {
  const std::string batch = batch_of(request::wl_surface::damage, {0u, 0u, 8u, 8u});
  auto [a, b] = socket_pair();
  auto [c, d] = socket_pair();
  WireChannel in(std::move(a)), relay_in(std::move(b)), relay_out(std::move(c)), out(std::move(d));
  for (auto _ : state) {
    in.out() = batch;
    in.flush();
    while (relay_in.receive() == WireChannel::Status::open) {
    }
    relay_out.out() = as_text(relay_in.received());
    relay_in.consume(relay_in.received().size());
    relay_out.flush();
    while (out.receive() == WireChannel::Status::open) out.consume(out.received().size());
  }
  state.counters["ns_a_message"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * messages_a_batch,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

BENCHMARK(sockets_alone);
BENCHMARK(dropped)->Name("wl_surface.damage (drop)");
BENCHMARK(pending)->Name("wl_surface.set_buffer_scale (pending)");
BENCHMARK(commit)->Name("wl_surface.commit (code)");

}  // namespace
}  // namespace wayferry
