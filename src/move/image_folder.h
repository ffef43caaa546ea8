// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "util/io.h"
#include "util/unique_fd.h"

// The target's folder of incoming images. Whatever the source sends, files appear only in this
// folder and only grow from front to back; an image that was sent in bits is complete when its size
// is the one that the source names in the end.

namespace wayferry {

class ImageFolder {
 public:
  /// Makes the folder; it must not exist.
  explicit ImageFolder(Path folder);

  const Path& path() const { return folder_; }
  void write(const std::string& name, uint64_t offset, std::string_view data);
  /// Throws ProtocolError unless exactly these files are there, with these sizes. Closes them.
  void finish(const std::map<std::string, uint64_t>& sizes);

 private:
  struct File {
    UniqueFd fd;
    uint64_t size = 0;
  };
  File& file(const std::string& name);

  Path folder_;
  std::map<std::string, File> files_;
};

/// Where a session's images go: to the runtime folder, which is memory and so the fastest, if they
/// fit in there with room to spare, else to the disk.
Path images_folder(const Path& runtime, const Path& disk, uint64_t needed);

/// Bytes that may go ahead into the images' folder (early_pages.h): half of what it has left when
/// the images have what they need.
uint64_t room_ahead(const Path& images, uint64_t needed);

/// Bytes free where `path` lies.
uint64_t free_bytes(const Path& path);

}  // namespace wayferry
