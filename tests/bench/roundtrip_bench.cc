// SPDX-License-Identifier: MIT
//
// wayferry-bench-roundtrip DISPLAY…
// Times wl_display.sync round trips at each display, taking turns so that a busy machine is busy
// for all of them alike. Prints a line a display: median and 99th percentile in microseconds, and
// the median's ratio to the first display's.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "util/error.h"
#include "wire/channel.h"
#include "wire/decode.h"
#include "wire/encode.h"
#include "wire/opcodes.gen.h"

namespace wayferry {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int rounds = 20;
constexpr int syncs_a_round = 500;
constexpr uint32_t callback_id = 2;  // free again after each delete_id

class Display {
 public:
  explicit Display(const char* path) : path_(path) {
    auto socket = connect_unix(path);
    if (!socket) throw SystemError(ENOENT, "connect", path);
    channel_ = WireChannel(std::move(*socket));
  }

  void measure() {
    for (int i = 0; i < syncs_a_round; ++i) {
      const auto start = Clock::now();
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

void run(int count, char** paths) {
  std::vector<Display> displays;
  for (int i = 0; i < count; ++i) displays.emplace_back(paths[i]);
  for (Display& display : displays) display.measure();  // the first round warms up and counts too
  for (int round = 1; round < rounds; ++round)
    for (Display& display : displays) display.measure();
  const double first = displays.front().percentile(0.5);
  for (Display& display : displays)
    std::printf("%-45s p50 %7.1f us  p99 %7.1f us  %.2f times the first\n", display.path(),
                display.percentile(0.5), display.percentile(0.99), display.percentile(0.5) / first);
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
