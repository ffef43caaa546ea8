// SPDX-License-Identifier: MIT
#include "fake/cutting_link.h"

#include <sys/socket.h>

#include "session/frame.h"
#include "util/error.h"
#include "util/io.h"

namespace wayferry::fake {

CuttingLink::CuttingLink(int messages) : left_(messages) {
  auto [source, source_side] = socket_pair();
  auto [target, target_side] = socket_pair();
  source_.emplace(source.duplicate(), std::move(source), "target");
  target_.emplace(target.duplicate(), std::move(target), "source");
  source_side_ = std::move(source_side);
  target_side_ = std::move(target_side);
  there_ = std::jthread([this] { pass_on(source_side_.get(), target_side_.get()); });
  back_ = std::jthread([this] { pass_on(target_side_.get(), source_side_.get()); });
}

CuttingLink::~CuttingLink() {
  cut();
}

void CuttingLink::pass_on(int from, int to) {
  try {
    while (pass_one(from, to)) {
    }
  } catch (const SystemError&) {
    // That side is gone: the other one is told by the cut.
  }
  cut();
}

// The same frames as Link's, passed on without being understood.
bool CuttingLink::pass_one(int from, int to) {
  uint32_t length = 0;
  const auto head = std::as_writable_bytes(std::span(&length, 1));
  if (read_full(from, head) < head.size()) return false;
  std::string frame(length, '\0');
  if (read_full(from, std::as_writable_bytes(std::span(frame))) < length) return false;
  if (left_.fetch_sub(1) <= 0) {
    cut_ = true;
    return false;
  }
  write_all(to, head);
  write_all(to, frame);
  return true;
}

void CuttingLink::cut() {
  ::shutdown(source_side_.get(), SHUT_RDWR);
  ::shutdown(target_side_.get(), SHUT_RDWR);
}

}  // namespace wayferry::fake
