// SPDX-License-Identifier: MIT
#include "pages/read_ahead.h"

#include <algorithm>

namespace wayferry {
namespace {

// Until ssh has taken a page and sent it, where both have to wait for a processor.
constexpr std::chrono::microseconds until_sent{200};

// 64 KB: half a millisecond at 1 Gbit/s.
constexpr uint64_t pages_a_piece = 16;

}  // namespace

void ReadAhead::add(Piece piece, Clock::time_point now) {
  waiting_.push_back({.piece = piece, .due = now + until_sent});
}

std::optional<ReadAhead::Clock::duration> ReadAhead::wait(Clock::time_point now) const {
  if (waiting_.empty()) return std::nullopt;
  return std::max(waiting_.front().due - now, Clock::duration::zero());
}

std::optional<ReadAhead::Piece> ReadAhead::take(Clock::time_point now) {
  if (waiting_.empty() || waiting_.front().due > now) return std::nullopt;
  PageRange& left = waiting_.front().piece.range;
  Piece taken = waiting_.front().piece;
  taken.range.pages = std::min(left.pages, pages_a_piece);
  left.start += taken.range.pages * page_size;
  left.pages -= taken.range.pages;
  if (left.pages == 0) waiting_.pop_front();
  return taken;
}

}  // namespace wayferry
