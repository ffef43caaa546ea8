// SPDX-License-Identifier: MIT
//
// wayferry-bench-roundtrip DISPLAY…
// Times wl_display.sync round trips at each display, taking turns so that a busy machine is busy
// for all of them alike. A turn is long, because Linux places a process by whom it woke in the last
// second or two (wakee_flips of kernel/sched/fair.c, halved once a second): turns of some
// milliseconds measure the change of turns, and the direct trip takes 15 or 37 us by luck. Prints a
// line a display: median and 99th percentile in microseconds, and the median's ratio to the first
// display's. Beside them stands a bare forwarder to the first display, a process that only copies
// bytes: what any process in between costs. All is measured once as the machine is, and once with
// its processors kept from sleeping: to wake one costs more than a round trip, above all in a
// virtual machine.

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <list>
#include <thread>
#include <vector>

#include "util/error.h"
#include "util/io.h"
#include "wire/channel.h"
#include "wire/decode.h"
#include "wire/encode.h"
#include "wire/opcodes.gen.h"

namespace wayferry {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int rounds = 4;
constexpr auto turn = std::chrono::seconds(2);
constexpr uint32_t callback_id = 2;  // free again after each delete_id

class Display {
 public:
  explicit Display(const char* path) : path_(path) {
    auto socket = connect_unix(path);
    if (!socket) throw SystemError(ENOENT, "connect", path);
    channel_ = WireChannel(std::move(*socket));
  }

  void measure() {
    const auto end = Clock::now() + turn;
    for (auto start = Clock::now(); start < end; start = Clock::now()) {
      encode(channel_.out(), 1, protocol::wl_display.requests[request::wl_display::sync],
             {callback_id});
      channel_.flush();
      // done and delete_id, in one batch or two
      for (int events = 0; events < 2;) events += read_events();
      times_.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
    }
  }

  double percentile(double part) {
    std::ranges::sort(times_);
    return times_[static_cast<size_t>(part * static_cast<double>(times_.size() - 1))];
  }
  const char* path() const { return path_; }

 private:
  int read_events() {
    if (!wait_readable(channel_.fd(), std::chrono::seconds(5)))
      throw SystemError(ETIMEDOUT, "wait for", path_);
    channel_.receive();
    int events = 0;
    while (const auto header = read_header(channel_.received())) {
      if (channel_.received().size() < header->size) break;
      channel_.consume(header->size);
      ++events;
    }
    return events;
  }

  const char* path_;
  WireChannel channel_;
  std::vector<double> times_;
};

// A process of ours that lasts as long as this object.
class Helper {
 public:
  template <typename Work>
  explicit Helper(Work work) : pid_(check("fork", ::fork())) {
    if (pid_ > 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    work();
    ::_exit(0);
  }
  Helper(const Helper&) = delete;
  ~Helper() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_;
};

bool copy_bytes(int from, int to) {
  char bytes[4096];
  const ssize_t n = ::recv(from, bytes, sizeof bytes, 0);
  return n > 0 && ::send(to, bytes, static_cast<size_t>(n), MSG_NOSIGNAL) == n;
}

// One connection, and no idea of what it carries.
void forward(int listening, const char* display) {
  const UniqueFd app(::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC));
  const auto compositor = connect_unix(display);
  if (!app || !compositor) return;
  pollfd ends[] = {{.fd = app.get(), .events = POLLIN, .revents = 0},
                   {.fd = compositor->get(), .events = POLLIN, .revents = 0}};
  while (::poll(ends, 2, -1) > 0) {
    if (ends[0].revents && !copy_bytes(ends[0].fd, ends[1].fd)) return;
    if (ends[1].revents && !copy_bytes(ends[1].fd, ends[0].fd)) return;
  }
}

// A processor that has this to do never sleeps; everybody else comes first.
void keep_awake(unsigned processor) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(processor, &one);
  const sched_param none{};
  check("sched_setaffinity", ::sched_setaffinity(0, sizeof one, &one));
  check("sched_setscheduler", ::sched_setscheduler(0, SCHED_IDLE, &none));
  for (volatile bool on = true; on;) {
  }
}

void measure(int count, char** paths, const char* forwarder) {
  std::vector<Display> displays;
  for (int i = 0; i < count; ++i) displays.emplace_back(paths[i]);
  displays.emplace_back(forwarder);
  // The first round warms up and counts too.
  for (int round = 0; round < rounds; ++round)
    for (Display& display : displays) display.measure();
  const double first = displays.front().percentile(0.5);
  for (Display& display : displays) {
    const bool bare = display.path() == forwarder;
    std::printf("%-45s p50 %7.1f us  p99 %7.1f us  %.2f times the first\n",
                bare ? "a bare forwarder" : display.path(), display.percentile(0.5),
                display.percentile(0.99), display.percentile(0.5) / first);
  }
}

void run(int count, char** paths) {
  const auto socket =
      std::filesystem::temp_directory_path() / ("wayferry-bench-" + std::to_string(::getpid()));
  const UniqueFd listening = listen_unix(socket);
  for (const bool awake : {false, true}) {
    const Helper forwarder([&] { forward(listening.get(), paths[0]); });
    std::list<Helper> sleepless;
    const unsigned processors = awake ? std::thread::hardware_concurrency() : 0;
    for (unsigned i = 0; i < processors; ++i) sleepless.emplace_back([i] { keep_awake(i); });
    std::puts(awake ? "processors kept awake" : "as the machine is");
    measure(count, paths, socket.c_str());
    std::fflush(stdout);
  }
  std::filesystem::remove(socket);
}

}  // namespace
}  // namespace wayferry

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: wayferry-bench-roundtrip DISPLAY…\n");
    return 2;
  }
  try {
    wayferry::run(argc - 1, argv + 1);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "wayferry-bench-roundtrip: %s\n", error.what());
    return 1;
  }
  return 0;
}
