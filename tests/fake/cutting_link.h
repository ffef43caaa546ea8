// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <optional>
#include <thread>
#include <utility>

#include "move/link.h"

// A connection between a mover and a receiver that breaks after a given number of messages, counted
// in both directions together, as a cable that is cut: what was sent before arrives, nothing after.

namespace wayferry::fake {

class CuttingLink {
 public:
  /// Breaks once `messages` have been passed on; the next one is lost.
  explicit CuttingLink(int messages);
  ~CuttingLink();

  Link& source() { return *source_; }
  Link& target() { return *target_; }
  bool was_cut() const { return cut_; }

 private:
  void pass_on(int from, int to);
  bool pass_one(int from, int to);
  void cut();

  std::atomic<int> left_;
  std::atomic<bool> cut_ = false;
  UniqueFd source_side_;
  UniqueFd target_side_;
  std::optional<Link> source_;
  std::optional<Link> target_;
  std::jthread there_;
  std::jthread back_;
};

}  // namespace wayferry::fake
