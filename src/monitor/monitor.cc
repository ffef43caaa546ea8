// SPDX-License-Identifier: MIT
#include "monitor/monitor.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <asio.hpp>
#include <thread>

#include "monitor/control_server.h"
#include "monitor/display_socket.h"
#include "monitor/session_host.h"
#include "util/error.h"

namespace wayferry {
namespace {

using Descriptor = asio::posix::stream_descriptor;
using Clock = std::chrono::steady_clock;

// Some round trips with a compositor (12 us each, docs/figures.md).
constexpr auto lively = std::chrono::microseconds(60);
// A look takes less than a microsecond a connection: the loop waits some ten at most.
constexpr unsigned looks_a_poll = 16;

// The process: sockets, pidfd and the app's words on one loop, around one SessionHost.
class Monitor {
 public:
  explicit Monitor(const MonitorOptions& options)
      : options_(options),
        host_(loop_, options.compositor, options.offer,
              {.watch = [this](pid_t init) { watch(init); },
               .abandoned = options.on_abandoned,
               .end = [this] { loop_.stop(); }}),
        display_(loop_, listen_for_app(options.display_socket).release()),
        control_(loop_, listen_unix(options.control_socket).release()) {
    // Else a wait that returned in vain (await_end) would stop everything.
    display_.non_blocking(true);
    control_.non_blocking(true);
  }

  int run() {
    accept_app();
    accept_control();
    if (options_.app_output >= 0) {
      app_output_.emplace(loop_, options_.app_output);
      copy_output();
    }
    while (!loop_.stopped()) handle_next();
    return 0;
  }

 private:
  // Waits, handles, and looks again for a moment before it waits again, if events follow each other
  // at once: to put a processor to sleep and wake it costs more than a whole round trip. A pause
  // ends this, so an idle app costs nothing. It looks at the sockets themselves, because the loop
  // would spend two more system calls on each message; and at the loop now and then, for the rest.
  // Between looks it steps aside: whom it woke (app, compositor) may wait for this very processor.
  void handle_next() {
    const auto before = Clock::now();
    loop_.run_one();
    auto last = Clock::now();
    if (last - before > lively) return;
    for (unsigned turn = 1; !loop_.stopped() && Clock::now() - last < lively; ++turn)
      if (host_.look() || (turn % looks_a_poll == 0 && loop_.poll() > 0))
        last = Clock::now();
      else
        std::this_thread::yield();
  }

  template <typename Accept>
  void accept_each(Descriptor& listener, Accept accept) {
    listener.async_wait(Descriptor::wait_read, [&listener, accept, this](std::error_code error) {
      if (error) return;
      UniqueFd socket(::accept4(listener.native_handle(), nullptr, nullptr, SOCK_CLOEXEC));
      if (socket) accept(std::move(socket));
      accept_each(listener, accept);
    });
  }

  void accept_app() {
    accept_each(display_, [this](UniqueFd socket) { host_.add_app(std::move(socket)); });
  }

  void accept_control() {
    accept_each(control_, [this](UniqueFd socket) {
      std::make_shared<ControlClient>(
          loop_, std::move(socket),
          [this](const std::shared_ptr<ControlClient>& client, const control::Request& request) {
            host_.control(client, request);
          },
          [this](ControlClient& client) { host_.control_closed(client); })
          ->start();
    });
  }

  void watch(pid_t init) {
    const auto pidfd = static_cast<int>(::syscall(SYS_pidfd_open, init, 0));
    if (pidfd < 0 && errno == ESRCH) return app_ended();  // it has ended already
    // Only then is whoever was watched before let go of.
    Descriptor next(loop_, check("pidfd_open", pidfd, std::to_string(init)));
    init_ = std::move(next);
    await_end();
  }

  // A wait may return for what was said of a descriptor that is closed by now and whose record in
  // the loop this one has inherited: asio looks at nothing itself.
  void await_end() {
    init_->async_wait(Descriptor::wait_read, [this](std::error_code error) {
      if (error) return;
      if (!wait_readable(init_->native_handle(), std::chrono::milliseconds(0))) return await_end();
      app_ended();
    });
  }

  void app_ended() {
    host_.close_all();
    if (options_.on_app_ended) options_.on_app_ended();
    loop_.stop();
  }

  void copy_output() {
    app_output_->async_read_some(asio::buffer(output_), [this](std::error_code error, size_t n) {
      if (error) return;  // the app closed its output; that is its right
      if (options_.app_log >= 0) write_all(options_.app_log, std::string_view(output_.data(), n));
      copy_output();
    });
  }

  const MonitorOptions& options_;
  // One thread: the loop needs no locks.
  asio::io_context loop_{ASIO_CONCURRENCY_HINT_UNSAFE};
  SessionHost host_;
  Descriptor display_;
  Descriptor control_;
  std::optional<Descriptor> init_;
  std::optional<Descriptor> app_output_;
  std::array<char, 4096> output_{};
};

}  // namespace

int run_monitor(const MonitorOptions& options) {
  return Monitor(options).run();
}

}  // namespace wayferry
