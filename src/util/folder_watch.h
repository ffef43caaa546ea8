// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "util/io.h"

// Hears what other programs do to the files of a folder (inotify(7)).

namespace wayferry {

class FolderWatch {
 public:
  /// `events` are IN_MODIFY and so on. Throws SystemError.
  FolderWatch(const Path& folder, uint32_t events);

  /// Readable when something has happened.
  int fd() const { return fd_.get(); }
  /// The files it happened to since the last call; does not wait. Some are missing if more happened
  /// than the kernel keeps.
  std::set<std::string> names();

 private:
  UniqueFd fd_;
};

}  // namespace wayferry
