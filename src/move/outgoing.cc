// SPDX-License-Identifier: MIT
#include "move/outgoing.h"

namespace wayferry {

using transfer::ToTarget;

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
  message.mutable_image_data()->set_data(data.data(), data.size());
  send(message);
}

void Outgoing::images_end(const std::map<std::string, uint64_t>& sizes) {
  ToTarget message;
  auto& told = *message.mutable_images_end()->mutable_sizes();
  for (const auto& [name, size] : sizes) told[name] = size;
  send(message);
}

}  // namespace wayferry
