// SPDX-License-Identifier: MIT
#include "engine/patience.h"

#include <poll.h>

#include <algorithm>
#include <format>
#include <sstream>

#include "util/error.h"

namespace wayferry {
namespace {

// Nothing that ends by itself lasts as long, so that looking costs a move nothing.
constexpr std::chrono::milliseconds look_pause{1'000};

constexpr const char* stall_cure =
    "see whether a file system that the app or its images use hangs, and try again";

/// False if nothing happened in time.
bool wait_once(std::span<pollfd> entries, std::chrono::milliseconds limit) {
  const int ready =
      ::poll(entries.data(), entries.size(), static_cast<int>(std::max<int64_t>(limit.count(), 0)));
  if (ready < 0 && errno != EINTR) throw SystemError(errno, "poll");
  return ready > 0;
}

}  // namespace

PatientWait::PatientWait(const Patience& patience, std::function<uint64_t()> progress)
    : patience_(patience),
      progress_(std::move(progress)),
      next_look_(moved_ + std::min(look_pause, patience.stall)) {}

size_t PatientWait::for_any(std::span<const int> descriptors) {
  std::vector<pollfd> entries;
  for (const int descriptor : descriptors) entries.push_back({descriptor, POLLIN, 0});
  entries.push_back({patience_.wake, POLLIN, 0});
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next_look_ - Clock::now());
    if (wait_once(entries, left)) {
      const auto first =
          std::ranges::find_if(entries, [](const auto& e) { return e.revents != 0; });
      if (first != entries.end() - 1) return static_cast<size_t>(first - entries.begin());
      if (patience_.look) patience_.look();
    }
    if (Clock::now() >= next_look_) look();
  }
}

void PatientWait::look() {
  if (patience_.look) patience_.look();
  const auto now = Clock::now();
  if (const uint64_t progress = progress_(); progress != seen_) {
    seen_ = progress;
    moved_ = now;
  }
  if (now - moved_ >= patience_.stall)
    throw Failure("",
                  std::format("CRIU has made no progress for {} s",
                              std::chrono::ceil<std::chrono::seconds>(patience_.stall).count()),
                  stall_cure);
  next_look_ = now + std::min(look_pause, patience_.stall);
}

uint64_t bytes_in(const Path& folder) {
  uint64_t bytes = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code gone;  // a temporary file, or one that is no file
    if (const auto size = at->file_size(gone); !gone) bytes += size;
  }
  return bytes;
}

// All that proc(5) counts: what was asked for as well as what a disk has brought of it.
uint64_t bytes_moved_by(const std::vector<HeldProcess>& processes) {
  uint64_t bytes = 0;
  for (const HeldProcess& process : processes) {
    std::istringstream lines(
        read_file("/proc/" + std::to_string(process.pid) + "/io").value_or(""));
    std::string name;
    for (uint64_t count = 0; lines >> name >> count;) bytes += count;
  }
  return bytes;
}

}  // namespace wayferry
