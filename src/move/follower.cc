// SPDX-License-Identifier: MIT
#include "move/follower.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <vector>

#include "criu/image.h"
#include "move/link.h"
#include "util/error.h"

namespace wayferry {
namespace {

// CRIU writes small images in blocks of 4 KiB; a message for each would cost more than it brings.
constexpr uint64_t worth_shipping = 128u << 10;

}  // namespace

ImageFollower::ImageFollower(Path folder, std::function<void()> first, Ship ship,
                             std::function<void()> idle)
    : folder_(std::move(folder)),
      first_(std::move(first)),
      ship_(std::move(ship)),
      idle_(std::move(idle)),
      changes_(folder_, IN_MODIFY | IN_CREATE) {
  wake_ = UniqueFd(check("eventfd", ::eventfd(0, EFD_CLOEXEC)));
  thread_ = std::jthread([this](const std::stop_token& stop) {
    try {
      first_();
      follow(stop);
    } catch (...) {
      error_ = std::current_exception();  // thrown on the mover's thread
      failed_ = true;
    }
  });
}

ImageFollower::~ImageFollower() {
  thread_.request_stop();
  ::eventfd_write(wake_.get(), 1);  // cannot fail: the counter is far from full
}

void ImageFollower::rethrow() const {
  if (failed_) std::rethrow_exception(error_);
}

void ImageFollower::finish() {
  thread_.request_stop();
  ::eventfd_write(wake_.get(), 1);
  thread_.join();
  if (error_) std::rethrow_exception(error_);
  ship_rest();
}

void ImageFollower::follow(std::stop_token stop) {
  pollfd entries[2] = {{changes_.fd(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
  while (!stop.stop_requested()) {
    const int ready = ::poll(entries, 2, static_cast<int>(patience_pause.count()));
    if (ready < 0 && errno != EINTR) throw SystemError(errno, "poll");
    if (ready == 0) idle_();
    for (const std::string& name : changes_.names())
      if (!is_written_anew(name)) ship_new(name, worth_shipping);
  }
}

void ImageFollower::ship_new(const std::string& name, uint64_t least) {
  const Path path = folder_ / name;
  std::error_code gone;  // a temporary file may go before we look
  const uint64_t size = std::filesystem::file_size(path, gone);
  uint64_t& done = shipped_[name];
  if (gone || size < done + least) return;
  const UniqueFd file(check("open", ::open(path.c_str(), O_RDONLY | O_CLOEXEC), path.native()));
  std::vector<char> piece(longest_piece);
  while (true) {
    const ssize_t n =
        check("pread", ::pread(file.get(), piece.data(), piece.size(), static_cast<off_t>(done)),
              path.native());
    if (n == 0) return;
    ship_(name, done, {piece.data(), static_cast<size_t>(n)});
    done += static_cast<uint64_t>(n);
  }
}

// Also what we did not hear of, when too much happened at once.
void ImageFollower::ship_rest() {
  std::set<std::string> present;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    if (!entry.is_regular_file()) continue;
    present.insert(entry.path().filename());
    ship_new(entry.path().filename(), 0);
  }
  std::erase_if(shipped_, [&](const auto& file) { return !present.contains(file.first); });
}

}  // namespace wayferry
