// SPDX-License-Identifier: MIT
//
// What the relay itself costs a message, in processor time: messages go in at one socket and come
// out at another within one thread, in batches as toolkits send them. The sockets' own cost, which
// a relay that only copies bytes would have too, is measured beside it. And what an attach costs,
// as time on the clock, with a compositor in a thread beside it that writes down all it hears.

#include <benchmark/benchmark.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>

#include "../fake/fake_app.h"
#include "../fake/fake_compositor.h"
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

// A session of so many living objects, as toolkits leave them behind: sub-surfaces with contents of
// pools that are dead, input regions that are dead, viewports; all in one window.
class Session {
 public:
  explicit Session(size_t objects)
      : display_(std::filesystem::temp_directory_path() /
                 ("attach_bench." + std::to_string(::getpid()))),
        compositor_(display_, test::whole_baseline()) {
    auto [app, relay] = socket_pair();
    app_ = std::make_unique<test::FakeApp>(std::move(app));
    relay_ = std::make_unique<Relay>(std::move(relay));
    attach_again();
    begin();
    while (relay_->model().objects.size() < objects) add_part();
  }
  ~Session() { std::filesystem::remove(display_); }

  void attach_again() { attach(*relay_, display_.native(), std::chrono::seconds(10)); }
  size_t objects() const { return relay_->model().objects.size(); }

 private:
  void carry() {
    relay_->drain_app();
    relay_->round_trip(std::chrono::steady_clock::now() + std::chrono::seconds(10));
    relay_->flush();
    app_->hear();
  }

  void begin() {
    const uint32_t registry = app_->make(protocol::wl_registry);
    app_->say(1, protocol::wl_display, "get_registry", {registry});
    carry();
    compositor_id_ = app_->bind(registry, "wl_compositor", 6);
    subcompositor_ = app_->bind(registry, "wl_subcompositor", 1);
    shm_ = app_->bind(registry, "wl_shm", 1);
    viewporter_ = app_->bind(registry, "wp_viewporter", 1);
    window_ =
        app_->make(protocol::wl_surface, compositor_id_, protocol::wl_compositor, "create_surface");
    carry();
  }

  void add_part() {
    const uint32_t part =
        app_->make(protocol::wl_surface, compositor_id_, protocol::wl_compositor, "create_surface");
    const uint32_t role = app_->make(protocol::wl_subsurface, subcompositor_,
                                     protocol::wl_subcompositor, "get_subsurface", {part, window_});
    app_->say(role, protocol::wl_subsurface, "set_position", {3u, 4u});
    const uint32_t viewport = app_->make(protocol::wp_viewport, viewporter_,
                                         protocol::wp_viewporter, "get_viewport", {part});
    app_->say(viewport, protocol::wp_viewport, "set_destination", {16u, 16u});
    const uint32_t region =
        app_->make(protocol::wl_region, compositor_id_, protocol::wl_compositor, "create_region");
    app_->say(region, protocol::wl_region, "add", {0u, 0u, 16u, 16u});
    app_->say(part, protocol::wl_surface, "set_input_region", {region});
    app_->say(region, protocol::wl_region, "destroy", {});
    app_->queue_fd(UniqueFd(::memfd_create("pool", MFD_CLOEXEC)));
    const uint32_t pool =
        app_->make(protocol::wl_shm_pool, shm_, protocol::wl_shm, "create_pool", {4096u});
    const uint32_t buffer = app_->make(protocol::wl_buffer, pool, protocol::wl_shm_pool,
                                       "create_buffer", {0u, 16u, 16u, 64u, 0u});
    app_->say(pool, protocol::wl_shm_pool, "destroy", {});
    app_->say(part, protocol::wl_surface, "attach", {buffer, 0u, 0u});
    app_->say(part, protocol::wl_surface, "commit", {});
    app_->say(window_, protocol::wl_surface, "commit", {});
    carry();
  }

  Path display_;
  test::FakeCompositor compositor_;
  std::unique_ptr<test::FakeApp> app_;
  std::unique_ptr<Relay> relay_;
  uint32_t compositor_id_ = 0, subcompositor_ = 0, shm_ = 0, viewporter_ = 0, window_ = 0;
};

void attach_session(benchmark::State& state) {
  Session session(static_cast<size_t>(state.range(0)));
  for (auto _ : state) session.attach_again();
  state.SetComplexityN(state.range(0));
  state.counters["an_object"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * static_cast<double>(session.objects()),
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

BENCHMARK(sockets_alone);
BENCHMARK(dropped)->Name("wl_surface.damage (drop)");
BENCHMARK(pending)->Name("wl_surface.set_buffer_scale (pending)");
BENCHMARK(commit)->Name("wl_surface.commit (code)");
BENCHMARK(attach_session)
    ->Name("attach, objects")
    ->Arg(250)
    ->Arg(500)
    ->Arg(1000)
    ->Arg(2000)
    ->Complexity(benchmark::oN)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace wayferry
