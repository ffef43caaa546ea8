// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <utility>

namespace wayferry {

/// Undoes one outside effect (a frozen container, a mount, a remote folder) when its scope ends,
/// unless dismissed. One effect, one guard: then the order of undoing is the reverse of doing.
class [[nodiscard]] Undo {
 public:
  Undo() = default;
  explicit Undo(std::function<void()> undo) : undo_(std::move(undo)) {}
  Undo(Undo&& other) noexcept : undo_(std::exchange(other.undo_, nullptr)) {}
  Undo& operator=(Undo&& other) noexcept {
    std::swap(undo_, other.undo_);
    return *this;
  }
  ~Undo() {
    if (undo_) undo_();
  }
  void dismiss() { undo_ = nullptr; }

 private:
  std::function<void()> undo_;  // must not throw
};

}  // namespace wayferry
