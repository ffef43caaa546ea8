// SPDX-License-Identifier: MIT
#include "pages/streams.h"

#include <algorithm>

#include "criu/pagemap.h"

namespace wayferry {
namespace {

// A bulk frame each in turn: with more, each of them is late.
constexpr size_t most_streams = 4;

// So far behind what was sent somebody may stand who is still in the same stream: what lies between
// is on its way, in the queues of a channel.
constexpr uint64_t on_the_way = uint64_t{8} << 20;

bool is_in(const Streams::Stream& stream, pid_t process, uint64_t address) {
  const uint64_t from = stream.next - std::min(stream.next, on_the_way);
  return stream.process == process && address >= from &&
         address <= stream.next + most_read_ahead * page_size;
}

}  // namespace

uint64_t Streams::ask(pid_t process, uint64_t address) {
  Stream& stream = stream_at(process, address);
  stream.ahead = stream.ahead == 0 ? first_read_ahead : std::min(stream.ahead * 2, most_read_ahead);
  stream.asked = ++asked_;
  stream.next = std::max(stream.next, address + (stream.ahead + 1) * page_size);
  return stream.ahead;
}

Streams::Stream& Streams::stream_at(pid_t process, uint64_t address) {
  const auto known = std::ranges::find_if(
      streams_, [&](const Stream& stream) { return is_in(stream, process, address); });
  if (known != streams_.end()) return *known;
  const Stream fresh{.process = process, .next = address};
  if (streams_.size() < most_streams) return streams_.emplace_back(fresh);
  return *std::ranges::min_element(streams_, {}, &Stream::asked) = fresh;
}

Streams::Stream& Streams::turn() {
  if (streams_.empty()) return begin_;
  return streams_[turn_++ % streams_.size()];
}

}  // namespace wayferry
