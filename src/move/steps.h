// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

// Runs the steps of a move: names and times each, and remembers how to undo what was done. Unless
// keep() was said, the destructor undoes everything, last effect first; so a step just throws. An
// undo that itself fails is logged and the others still run. Steps know nothing of each other; the
// runner knows nothing of moves.

namespace wayferry {

struct Phase {
  std::string name;
  double ms = 0;
};

class Steps {
 public:
  using Clock = std::chrono::steady_clock;

  /// `before` runs at the beginning of every step (failure points, signals).
  explicit Steps(std::function<void(const std::string& step)> before = {})
      : before_(std::move(before)) {}
  ~Steps();
  Steps(const Steps&) = delete;
  Steps& operator=(const Steps&) = delete;

  void run(const std::string& name, const std::function<void()>& step);
  /// The last `ms` of the step that ran last were another phase, measured elsewhere.
  void split(const std::string& name, double ms);
  /// How to undo an effect of the present step.
  void undo_with(std::string effect, std::function<void()> undo);
  /// What was done stays; nothing is left to undo.
  void keep() { undos_.clear(); }

  /// The step that runs, or ran last.
  const std::string& current() const { return current_; }
  const std::vector<Phase>& phases() const { return phases_; }

 private:
  std::function<void(const std::string&)> before_;
  std::string current_;
  std::vector<Phase> phases_;
  std::vector<std::pair<std::string, std::function<void()>>> undos_;
};

double milliseconds_since(Steps::Clock::time_point start);

}  // namespace wayferry
