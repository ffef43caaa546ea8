// SPDX-License-Identifier: MIT
#include "move/outgoing.h"

#include "criu/pagemap.h"
#include "move/running_memory.h"
#include "pages/packing.h"

namespace wayferry {

using transfer::ToTarget;

namespace {

// Always tried: LZ4 is several times faster than ssh's encryption, and a window's buffers, most of
// what a small app weighs, shrink to a hundredth.
template <typename Message>
void set_data(Bytes data, Message& into) {
  std::vector<std::byte> space;
  const auto packed = pack(data, space);
  const Bytes sent = packed.value_or(data);
  into.set_data(sent.data(), sent.size());
  if (packed) into.set_packed_from(static_cast<uint32_t>(data.size()));
}

/// Takes the pages out of `piece` that went ahead, and names them; returns the others.
std::vector<std::byte> without_known(Bytes piece, const EarlyPages& early,
                                     transfer::ImageData& into) {
  std::vector<std::byte> rest;
  for (uint32_t i = 0; i * page_size < piece.size(); ++i) {
    const Bytes page = piece.subspan(i * page_size, page_size);
    const auto number = early.find(page);
    if (!number) {
      rest.insert(rest.end(), page.begin(), page.end());
      continue;
    }
    auto& known = *into.mutable_known();
    const bool goes_on = !known.empty() && known.rbegin()->page() + known.rbegin()->pages() == i &&
                         known.rbegin()->first() + known.rbegin()->pages() == *number;
    transfer::KnownPages& run = goes_on ? *known.rbegin() : *known.Add();
    if (!goes_on) {
      run.set_page(i);
      run.set_first(*number);
    }
    run.set_pages(run.pages() + 1);
  }
  return rest;
}

}  // namespace

void Outgoing::patience() {
  ToTarget message;
  message.mutable_patience();
  send(message);
}

PieceSink Outgoing::file_data() {
  return [this](std::string_view piece) {
    ToTarget message;
    message.mutable_file_data()->set_data(piece.data(), piece.size());
    send(message);
  };
}

void Outgoing::files_end() {
  ToTarget message;
  message.mutable_files_end();
  send(message);
}

void Outgoing::files(FileTree& tree) {
  report_.file_bytes += tree.send(file_data());
  files_end();
}

void Outgoing::file_differences(const FileTree& tree) {
  const FileChanges changes = tree.changes();
  removals(changes.removed);
  report_.file_bytes += tree.send(changes.changed, file_data());
  files_end();
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

uint64_t Outgoing::early(Bytes piece, const std::function<void(uint64_t page)>& tell) {
  std::vector<std::byte> news;
  news.reserve(piece.size());
  for (uint64_t i = 0; i * page_size < piece.size(); ++i) {
    const Bytes page = piece.subspan(i * page_size, page_size);
    if (is_zero(page) || !early_.add(page)) continue;
    news.insert(news.end(), page.begin(), page.end());
    tell(i);
  }
  if (news.empty()) return 0;
  report_.early_bytes += news.size();
  ToTarget message;
  set_data(news, *message.mutable_early_data());
  send(message);
  return news.size();
}

void Outgoing::early_shared(const std::vector<pid_t>& processes) {
  for_each_shared_piece(processes, [this](Bytes piece) { early(piece, [](uint64_t) {}); });
}

void Outgoing::restore_hint(const std::string& told) {
  ToTarget message;
  message.mutable_restore_hint()->set_told(told);
  send(message);
}

void Outgoing::early_end(std::chrono::milliseconds limit, const std::function<void()>& meanwhile) {
  ToTarget message;
  message.mutable_early_end();
  send(message);
  if (meanwhile) meanwhile();
  expect_answer(link_, transfer::ToSource::kDone, limit);
}

void Outgoing::image(const std::string& name, uint64_t offset, std::string_view data) {
  const bool pages = name.starts_with("pages-");
  ToTarget message;
  transfer::ImageData& image = *message.mutable_image_data();
  image.set_name(name);
  image.set_offset(offset);
  Bytes bytes = std::as_bytes(std::span(data));
  std::vector<std::byte> rest;
  // CRIU writes whole pages; while it does, we may see a part of one.
  if (pages && !early_.empty() && bytes.size() % page_size == 0) {
    rest = without_known(bytes, early_, image);
    bytes = rest;
  }
  (pages ? report_.page_bytes : report_.image_bytes) += bytes.size();
  set_data(bytes, image);
  send(message);
}

void Outgoing::images_end(const std::map<std::string, uint64_t>& sizes) {
  ToTarget message;
  auto& told = *message.mutable_images_end()->mutable_sizes();
  for (const auto& [name, size] : sizes) told[name] = size;
  send(message);
}

}  // namespace wayferry
