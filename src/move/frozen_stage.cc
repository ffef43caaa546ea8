// SPDX-License-Identifier: MIT
#include "move/frozen_stage.h"

#include "move/requests.h"
#include "pages/packing.h"

namespace wayferry {
namespace {

using transfer::ToTarget;

// As on the control socket, which the state came through.
constexpr size_t longest_state = 1u << 30;

/// Reads the state; `request` is the first message after it then.
std::string receive_state(Link& link, ToTarget& request) {
  std::string state;
  for (; request.has_state_data(); request = next_request(link)) {
    state += request.state_data().data();
    if (state.size() > longest_state) throw ProtocolError("state from the source", "too large");
  }
  return state;
}

void receive_files_from(Link& link, ToTarget request, const Path& upper) {
  for (; request.has_files_removed(); request = next_request(link))
    for (const std::string& path : request.files_removed().paths()) remove_below(upper, path);
  if (request.has_files_end()) return;
  const auto next = [&]() -> std::string {
    if (request.has_files_end()) return {};
    require_request(request, ToTarget::kFileData);
    std::string piece = std::move(*request.mutable_file_data()->mutable_data());
    if (piece.empty()) throw ProtocolError("files from the source", "an empty piece");
    request = next_request(link);
    return piece;
  };
  unpack_tar(upper, next);
}

std::string_view unpacked(const transfer::ImageData& image, std::string& space) {
  if (image.packed_from() == 0) return image.data();
  if (image.packed_from() > longest_piece)
    throw ProtocolError("image " + image.name(),
                        "a piece claims to hold " + std::to_string(image.packed_from()) + " bytes");
  space.resize(image.packed_from());
  unpack(std::as_bytes(std::span(image.data())), std::as_writable_bytes(std::span(space)));
  return space;
}

}  // namespace

void receive_files(Link& link, ToTarget first, const std::vector<Path>& folders) {
  receive_files_from(link, std::move(first), folders.at(0));
  for (size_t i = 1; i < folders.size(); ++i)
    receive_files_from(link, next_request(link), folders[i]);
}

std::string receive_frozen(Link& link, const std::vector<Path>& folders, ImageFolder& images) {
  ToTarget request = next_request(link);
  std::string state = receive_state(link, request);
  receive_files(link, std::move(request), folders);
  std::string space;
  for (request = next_request(link); request.has_image_data(); request = next_request(link)) {
    const auto& image = request.image_data();
    images.write(image.name(), image.offset(), unpacked(image, space));
  }
  require_request(request, ToTarget::kImagesEnd);
  images.finish({request.images_end().sizes().begin(), request.images_end().sizes().end()});
  require_request(next_request(link), ToTarget::kRestore);
  return state;
}

}  // namespace wayferry
