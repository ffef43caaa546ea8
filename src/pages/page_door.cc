// SPDX-License-Identifier: MIT
#include "pages/page_door.h"

#include <sys/socket.h>
#include <unistd.h>

#include "pages/descriptors.h"

namespace wayferry {
namespace {

// A helper sends its one message right after connecting.
constexpr std::chrono::seconds introduction_limit{5};

}  // namespace

PageDoor::PageDoor(Path path) : path_(std::move(path)), listener_(listen_unix(path_)) {}

PageDoor::~PageDoor() {
  ::unlink(path_.c_str());
}

std::unique_ptr<Visitor> PageDoor::let_in() {
  UniqueFd helper(check("accept", ::accept4(fd(), nullptr, nullptr, SOCK_CLOEXEC), path_.native()));
  if (!wait_readable(helper.get(), introduction_limit)) return nullptr;
  auto delivery = take_delivery(helper.get());
  if (!delivery || delivery->descriptors.size() != 2) return nullptr;
  const auto kind = static_cast<ChannelKind>(delivery->byte);
  if (kind != ChannelKind::faults && kind != ChannelKind::bulk) return nullptr;
  auto visitor = std::make_unique<Visitor>();
  visitor->kind = kind;
  visitor->channel = std::make_unique<Channel>(std::move(delivery->descriptors[0]),
                                               std::move(delivery->descriptors[1]));
  visitor->helper = std::move(helper);
  return visitor;
}

void hand_over_channel(const Path& door, ChannelKind kind, int in, int out) {
  const auto socket = connect_unix(door);
  if (!socket) throw Failure("", "no move is waiting for pages here");
  deliver(socket->get(), static_cast<char>(kind), {in, out});
  read_to_end(socket->get());
}

}  // namespace wayferry
