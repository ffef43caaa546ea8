// SPDX-License-Identifier: MIT
#include "move/image_folder.h"

#include <fcntl.h>
#include <sys/statvfs.h>

#include <algorithm>

#include "util/error.h"

namespace wayferry {
namespace {

// The need is an estimate, and an app grows.
uint64_t with_room(uint64_t needed) {
  return needed + needed / 4 + (64u << 20);
}

// CRIU writes some 40 images for a terminal, a few per process for others.
constexpr size_t most_images = 20'000;

const std::string from_source = "images from the source";

void require_plain_name(const std::string& name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  if (name.empty() || name.size() > 200 || name[0] == '.' || !std::ranges::all_of(name, plain))
    throw ProtocolError(from_source, "file name '" + name + "'");
}

}  // namespace

ImageFolder::ImageFolder(Path folder) : folder_(std::move(folder)) {
  std::filesystem::create_directories(folder_);
}

ImageFolder::File& ImageFolder::file(const std::string& name) {
  if (const auto known = files_.find(name); known != files_.end()) return known->second;
  require_plain_name(name);
  if (files_.size() >= most_images) throw ProtocolError(from_source, "too many files");
  const Path path = folder_ / name;
  UniqueFd fd(check("open", ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600),
                    path.native()));
  return files_.emplace(name, File{.fd = std::move(fd), .size = 0}).first->second;
}

void ImageFolder::write(const std::string& name, uint64_t offset, std::string_view data) {
  File& file = this->file(name);
  if (offset != file.size)
    throw ProtocolError(from_source, name + ": a piece at " + std::to_string(offset) +
                                         ", the file has " + std::to_string(file.size) + " bytes");
  write_all(file.fd.get(), data);
  file.size += data.size();
}

void ImageFolder::finish(const std::map<std::string, uint64_t>& sizes) {
  // A file that was empty had no piece.
  for (const auto& [name, size] : sizes)
    if (file(name).size != size) throw ProtocolError(from_source, name + " is not complete");
  if (files_.size() != sizes.size()) throw ProtocolError(from_source, "a file too many");
  files_.clear();
}

uint64_t free_bytes(const Path& path) {
  struct statvfs status{};
  check("statvfs", ::statvfs(path.c_str(), &status), path.native());
  return status.f_bavail * status.f_frsize;
}

Path images_folder(const Path& runtime, const Path& disk, uint64_t needed) {
  return (free_bytes(runtime) > with_room(needed) ? runtime : disk) / "images";
}

uint64_t room_ahead(const Path& images, uint64_t needed) {
  const uint64_t free = free_bytes(images);
  return free > with_room(needed) ? (free - with_room(needed)) / 2 : 0;
}

}  // namespace wayferry
