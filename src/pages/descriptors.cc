// SPDX-License-Identifier: MIT
#include "pages/descriptors.h"

#include <sys/socket.h>

#include <array>
#include <cstring>

#include "util/error.h"

namespace wayferry {
namespace {

// CRIU sends one, our own door two.
constexpr size_t most_a_message = 4;

struct Message {
  explicit Message(char& byte) : part{&byte, 1} {
    head.msg_iov = &part;
    head.msg_iovlen = 1;
    head.msg_control = control.data();
  }
  iovec part;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(most_a_message * sizeof(int))> control{};
  msghdr head{};
};

}  // namespace

void deliver(int socket, char byte, const std::vector<int>& descriptors) {
  CHECK(descriptors.size() <= most_a_message);
  Message message(byte);
  message.head.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
  cmsghdr* const part = CMSG_FIRSTHDR(&message.head);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
  std::memcpy(CMSG_DATA(part), descriptors.data(), descriptors.size() * sizeof(int));
  check("sendmsg", ::sendmsg(socket, &message.head, MSG_NOSIGNAL));
}

std::optional<Delivery> take_delivery(int socket) {
  Delivery delivery;
  Message message(delivery.byte);
  message.head.msg_controllen = message.control.size();
  if (check("recvmsg", ::recvmsg(socket, &message.head, MSG_CMSG_CLOEXEC)) == 0)
    return std::nullopt;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message.head); part;
       part = CMSG_NXTHDR(&message.head, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    std::array<int, most_a_message> numbers{};
    const size_t bytes = part->cmsg_len - CMSG_LEN(0);
    std::memcpy(numbers.data(), CMSG_DATA(part), bytes);
    for (size_t i = 0; i < bytes / sizeof(int); ++i) delivery.descriptors.emplace_back(numbers[i]);
  }
  return delivery;
}

}  // namespace wayferry
