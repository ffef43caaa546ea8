// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

// Serials toward the app are virtual: they go on rising through every change of compositor. Within
// the time at one compositor (an epoch) they differ from the compositor's by a constant, so no map
// and no memory is needed, and a serial of an earlier epoch is known by being below the floor.

namespace wayferry {

class Serials {
 public:
  Serials() = default;
  /// Goes on behind the last serial that the app was given by an earlier monitor.
  explicit Serials(uint32_t last_given) : last_given_(last_given), own_(last_given) {}

  uint32_t last_given() const { return last_given_; }

  /// A new compositor: all serials given so far become stale.
  void new_epoch() {
    own_ = last_given_;
    open_ = false;
  }

  uint32_t from_compositor(uint32_t serial) {
    if (!open_) open(serial);
    const uint32_t given = serial + offset_;
    if (later(given, last_given_)) last_given_ = given;
    return given;
  }

  /// Nothing for a serial that this compositor never gave.
  std::optional<uint32_t> to_compositor(uint32_t given) const {
    if (!open_ || !later(given, floor_)) return std::nullopt;
    return given - offset_;
  }

  /// A serial for an event of our own making: stale from birth, since no compositor knows it.
  uint32_t own() {
    ++own_;
    if (later(own_, last_given_)) last_given_ = own_;
    return own_;
  }

 private:
  // Compositors may give serials slightly out of order, and we need some of our own: half of the
  // gap between two epochs for each.
  static constexpr uint32_t gap = 1u << 20;

  static bool later(uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b) > 0; }

  void open(uint32_t serial) {
    offset_ = own_ + gap - serial;
    floor_ = own_ + gap / 2;
    open_ = true;
  }

  uint32_t last_given_ = 0;
  uint32_t own_ = 0;
  uint32_t offset_ = 0;
  uint32_t floor_ = 0;
  bool open_ = false;
};

}  // namespace wayferry
