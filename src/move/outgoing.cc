// SPDX-License-Identifier: MIT
#include "move/outgoing.h"

#include "pages/packing.h"

namespace wayferry {

using transfer::ToTarget;

namespace {

// Always tried: LZ4 is several times faster than ssh's encryption, and a window's buffers, most of
// what a small app weighs, shrink to a hundredth.
void set_image_data(std::string_view data, transfer::ImageData& into) {
  std::vector<std::byte> space;
  const auto packed = pack(std::as_bytes(std::span(data)), space);
  if (!packed) return into.set_data(data.data(), data.size());
  into.set_data(packed->data(), packed->size());
  into.set_packed_from(static_cast<uint32_t>(data.size()));
}

}  // namespace

void Outgoing::files(const Path& upper, const std::vector<std::string>& paths) {
  report_.file_bytes += send_files(upper, paths, [this](std::string_view piece) {
    ToTarget message;
    message.mutable_file_data()->set_data(piece.data(), piece.size());
    send(message);
  });
  ToTarget end;
  end.mutable_files_end();
  send(end);
}

void Outgoing::file_differences(const Path& upper, const LayerMarks& before) {
  const LayerChanges changes = changes_between(before, scan_layer(upper));
  removals(changes.removed);
  files(upper, changes.changed);
}

void Outgoing::removals(const std::vector<std::string>& paths) {
  ToTarget message;
  size_t length = 0;
  for (const std::string& path : paths) {
    message.mutable_files_removed()->add_paths(path);
    length += path.size();
    if (length < longest_piece / 2) continue;
    send(message);
    message.Clear();
    length = 0;
  }
  if (length > 0) send(message);
}

void Outgoing::state(std::string_view state) {
  report_.state_bytes = state.size();
  while (!state.empty()) {
    const std::string_view piece = state.substr(0, longest_piece);
    ToTarget message;
    message.mutable_state_data()->set_data(piece.data(), piece.size());
    send(message);
    state.remove_prefix(piece.size());
  }
}

void Outgoing::image(const std::string& name, uint64_t offset, std::string_view data) {
  (name.starts_with("pages-") ? report_.page_bytes : report_.image_bytes) += data.size();
  ToTarget message;
  message.mutable_image_data()->set_name(name);
  message.mutable_image_data()->set_offset(offset);
  set_image_data(data, *message.mutable_image_data());
  send(message);
}

void Outgoing::images_end(const std::map<std::string, uint64_t>& sizes) {
  ToTarget message;
  auto& told = *message.mutable_images_end()->mutable_sizes();
  for (const auto& [name, size] : sizes) told[name] = size;
  send(message);
}

}  // namespace wayferry
