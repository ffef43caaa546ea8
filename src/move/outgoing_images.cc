// SPDX-License-Identifier: MIT
#include "move/outgoing_images.h"

#include "criu/closed_sockets.h"

namespace wayferry {

OutgoingImages::OutgoingImages(Outgoing& out, Path folder, std::set<ino_t> closed,
                               std::function<void()> first)
    : out_(out),
      folder_(std::move(folder)),
      closed_(std::move(closed)),
      follower_(
          folder_, std::move(first), [this](const auto&... piece) { ship(piece...); },
          [this] { out_.patience(); }) {}

// The image with the sockets is held back: it is complete before it can be changed.
void OutgoingImages::ship(const std::string& name, uint64_t offset, std::string_view data) {
  if (closed_.empty() || name != files_image) out_.image(name, offset, data);
}

void OutgoingImages::finish() {
  follower_.finish();
  auto sizes = follower_.sizes();
  if (!closed_.empty()) sizes[files_image] = send_closed_sockets();
  out_.images_end(sizes);
}

uint64_t OutgoingImages::send_closed_sockets() {
  const std::string image =
      with_closed_sockets(read_file(folder_ / files_image).value_or(""), closed_);
  for (size_t at = 0; at < image.size(); at += longest_piece)
    out_.image(files_image, at, std::string_view(image).substr(at, longest_piece));
  return image.size();
}

}  // namespace wayferry
