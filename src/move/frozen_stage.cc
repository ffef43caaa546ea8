// SPDX-License-Identifier: MIT
#include "move/frozen_stage.h"

#include "criu/pagemap.h"
#include "move/requests.h"
#include "move/serve.h"
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

/// The bytes of a message that may be packed.
template <typename Message>
Bytes unpacked(const Message& message, std::vector<std::byte>& space) {
  if (message.packed_from() == 0) return std::as_bytes(std::span(message.data()));
  if (message.packed_from() > longest_piece)
    throw ProtocolError(
        "images from the source",
        "a piece claims to hold " + std::to_string(message.packed_from()) + " bytes");
  space.resize(message.packed_from());
  unpack(std::as_bytes(std::span(message.data())), space);
  return space;
}

/// The piece with the pages that went ahead put back where they belong.
std::vector<std::byte> with_known(const transfer::ImageData& image, Bytes rest,
                                  const EarlyStore& early) {
  std::vector<std::byte> whole;
  const auto take_rest = [&](uint64_t up_to) {
    if (up_to < whole.size() || up_to - whole.size() > rest.size())
      throw ProtocolError("image " + image.name(), "known pages out of order");
    const size_t missing = up_to - whole.size();
    whole.insert(whole.end(), rest.begin(), rest.begin() + static_cast<ptrdiff_t>(missing));
    rest = rest.subspan(missing);
  };
  for (const transfer::KnownPages& known : image.known()) {
    take_rest(known.page() * page_size);
    if (whole.size() + known.pages() * page_size > longest_piece)
      throw ProtocolError("image " + image.name(), "a piece that is too long");
    const Bytes pages = early.pages(known.first(), known.pages());
    whole.insert(whole.end(), pages.begin(), pages.end());
  }
  take_rest(whole.size() + rest.size());
  return whole;
}

std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

void receive_files(Link& link, ToTarget first, const std::vector<Path>& folders) {
  receive_files_from(link, std::move(first), folders.at(0));
  for (size_t i = 1; i < folders.size(); ++i)
    receive_files_from(link, next_request(link), folders[i]);
}

void receive_early(Link& link, EarlyStore& early,
                   const std::function<void(const std::string& told)>& hint) {
  std::vector<std::byte> space;
  ToTarget request = next_request(link);
  for (; !request.has_early_end(); request = next_request(link))
    if (request.has_restore_hint()) {
      hint(request.restore_hint().told());
    } else {
      require_request(request, ToTarget::kEarlyData);
      early.add(unpacked(request.early_data(), space));
    }
  early.complete();
}

std::string receive_frozen(Link& link, const std::vector<Path>& folders, ImageFolder& images,
                           const EarlyStore& early) {
  ToTarget request = next_request(link);
  std::string state = receive_state(link, request);
  receive_files(link, std::move(request), folders);
  std::vector<std::byte> space;
  for (request = next_request(link); request.has_image_data(); request = next_request(link)) {
    const auto& image = request.image_data();
    const Bytes data = unpacked(image, space);
    if (image.known().empty())
      images.write(image.name(), image.offset(), text_of(data));
    else
      images.write(image.name(), image.offset(), text_of(with_known(image, data, early)));
  }
  require_request(request, ToTarget::kImagesEnd);
  images.finish({request.images_end().sizes().begin(), request.images_end().sizes().end()});
  require_request(next_request(link), ToTarget::kRestore);
  return state;
}

}  // namespace wayferry
