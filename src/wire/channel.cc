// SPDX-License-Identifier: MIT
#include "wire/channel.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "util/error.h"

namespace wayferry {
namespace {

constexpr size_t max_fds_a_call = 28;  // libwayland's MAX_FDS_OUT: more may be lost by the receiver
constexpr size_t max_fds_received = 253;  // SCM_MAX_FD of the kernel: what one call can bring
// One read: larger than any message, so that a batch of many small ones is one system call.
constexpr size_t read_size = size_t{128} * 1024;

template <size_t count>
using FdSpace = char[CMSG_SPACE(count * sizeof(int))];

void take_fds(msghdr& message, std::deque<UniqueFd>& into) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      into.emplace_back(fd);
    }
  }
}

bool peer_is_gone(int error) {
  return error == ECONNRESET || error == EPIPE;
}

}  // namespace

void WireChannel::close() {
  *this = WireChannel();
}

WireChannel::Status WireChannel::receive() {
  if (in_start_ == in_.size()) {
    in_.clear();
    in_start_ = 0;
  } else if (in_start_ > read_size) {
    in_.erase(0, in_start_);
    in_start_ = 0;
  }
  const size_t before = in_.size();
  in_.resize_and_overwrite(before + read_size, [](char*, size_t size) { return size; });
  alignas(cmsghdr) FdSpace<max_fds_received> space;
  iovec block{in_.data() + before, read_size};
  msghdr message{
      .msg_iov = &block, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
  ssize_t n;
  do {
    n = ::recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (n < 0 && errno == EINTR);
  const int error = errno;
  in_.resize(before + static_cast<size_t>(std::max<ssize_t>(n, 0)));
  read_was_full_ = n == static_cast<ssize_t>(read_size);
  if (n > 0) {
    take_fds(message, in_fds_);
    return Status::open;
  }
  if (n == 0 || peer_is_gone(error)) return Status::closed;
  if (error == EAGAIN) return Status::would_block;
  throw SystemError(error, "recvmsg");
}

void WireChannel::prepend(std::string_view bytes) {
  in_.replace(0, in_start_, bytes);
  in_start_ = 0;
}

UniqueFd WireChannel::take_fd() {
  CHECK(!in_fds_.empty());
  UniqueFd fd = std::move(in_fds_.front());
  in_fds_.pop_front();
  return fd;
}

std::pair<std::string, std::deque<UniqueFd>> WireChannel::take_output() {
  std::pair<std::string, std::deque<UniqueFd>> taken{out_.substr(out_start_), std::move(out_fds_)};
  out_.clear();
  out_start_ = 0;
  out_fds_.clear();
  return taken;
}

void WireChannel::prepend_output(std::string bytes, std::deque<UniqueFd> fds) {
  auto [queued, queued_fds] = take_output();
  out_ = std::move(bytes) + queued;
  out_fds_ = std::move(fds);
  for (UniqueFd& fd : queued_fds) out_fds_.push_back(std::move(fd));
}

ssize_t WireChannel::send_some() {
  const size_t fds = std::min(out_fds_.size(), max_fds_a_call);
  // While more descriptors wait than one call takes, bytes go out singly: no descriptor may come
  // later than its message.
  const size_t bytes = out_fds_.size() > max_fds_a_call ? 1 : out_.size() - out_start_;
  iovec block{out_.data() + out_start_, bytes};
  msghdr message{.msg_iov = &block, .msg_iovlen = 1};
  alignas(cmsghdr) FdSpace<max_fds_a_call> space{};
  if (fds > 0) {
    message.msg_control = space;
    message.msg_controllen = CMSG_SPACE(fds * sizeof(int));
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(fds * sizeof(int));
    for (size_t i = 0; i < fds; ++i) {
      const int fd = out_fds_[i].get();
      std::memcpy(CMSG_DATA(part) + i * sizeof fd, &fd, sizeof fd);
    }
  }
  ssize_t n;
  do {
    n = ::sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  if (n > 0) out_fds_.erase(out_fds_.begin(), out_fds_.begin() + static_cast<ptrdiff_t>(fds));
  return n;
}

WireChannel::Status WireChannel::flush() {
  while (has_output()) {
    const ssize_t n = send_some();
    if (n >= 0) {
      out_start_ += static_cast<size_t>(n);
      continue;
    }
    const int error = errno;
    out_.erase(0, std::exchange(out_start_, 0));
    if (error == EAGAIN) return Status::would_block;
    if (peer_is_gone(error)) return Status::closed;
    throw SystemError(error, "sendmsg");
  }
  out_.clear();
  out_start_ = 0;
  return Status::open;
}

}  // namespace wayferry
