// SPDX-License-Identifier: MIT
#pragma once

#include <utility>

namespace wayferry {

/// Owns one file descriptor, or none. Move-only; a second owner needs duplicate(), so that a copy
/// is always seen in the code that makes it.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset();
  /// A second descriptor of the same open file, close-on-exec.
  UniqueFd duplicate() const;

 private:
  int fd_ = -1;
};

}  // namespace wayferry
