// SPDX-License-Identifier: MIT
#include "pages/criu_door.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "pages/descriptors.h"
#include "util/error.h"

namespace wayferry {
namespace {

// From CRIU's criu/uffd.c: the socket's name, and "ReSTore Finished".
constexpr const char* socket_name = "lazy-pages.socket";
constexpr int32_t restore_finished = 0x52535446;

}  // namespace

CriuDoor::CriuDoor(const Path& work, Take take)
    : take_(std::move(take)), listener_(listen_unix(work / socket_name)) {}

bool CriuDoor::handle() {
  if (!connection_) {
    connection_ = UniqueFd(
        check("accept", ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC), socket_name));
    return true;
  }
  int32_t word = 0;
  const size_t n = read_full(connection_.get(), std::as_writable_bytes(std::span(&word, 1)));
  if (n < sizeof word || word == restore_finished) return false;
  if (word < 0) return true;
  auto delivery = take_delivery(connection_.get());
  if (!delivery || delivery->descriptors.size() != 1)
    throw ProtocolError("CRIU's lazy-pages socket", "a process without its userfaultfd");
  take_(std::move(delivery->descriptors[0]), word);
  return true;
}

}  // namespace wayferry
