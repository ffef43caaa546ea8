// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <thread>

#include "util/folder_watch.h"
#include "util/io.h"
#include "util/unique_fd.h"

// Ships the files of a folder while another program (CRIU) is still writing them, so that the time
// of writing and of sending is spent once. A thread, because the engine's checkpoint blocks; it
// owns the link meanwhile. It relies on each file being written from front to back and never
// rewritten, which CRIU's images are: CRIU can also stream them into pipes. Those that we write
// anew ourselves (criu/image.h) wait for the end. Instead of following, criu-image-streamer could
// take them from CRIU's own socket, but runc cannot ask CRIU for that.

namespace wayferry {

class ImageFollower {
 public:
  /// Takes the next bytes of a file. Called on the follower's thread.
  using Ship = std::function<void(const std::string& name, uint64_t offset, std::string_view data)>;

  /// `first` runs on the thread before anything is shipped, `idle` whenever nothing was written for
  /// patience_pause.
  ImageFollower(
      Path folder, std::function<void()> first, Ship ship, std::function<void()> idle = [] {});
  /// Stops following; what has not been shipped is not.
  ~ImageFollower();

  /// Throws what has ended the thread, if anything has.
  void rethrow() const;
  /// All files are complete: ships what is left, ends the thread, rethrows its error.
  void finish();
  /// After finish(): every file and its size.
  const std::map<std::string, uint64_t>& sizes() const { return shipped_; }

 private:
  void follow(std::stop_token stop);
  void ship_new(const std::string& name, uint64_t least);
  void ship_rest();

  Path folder_;
  std::function<void()> first_;
  Ship ship_;
  std::function<void()> idle_;
  FolderWatch changes_;
  UniqueFd wake_;  ///< eventfd: look at the stop token
  std::map<std::string, uint64_t> shipped_;
  std::exception_ptr error_;
  std::atomic<bool> failed_ = false;  ///< error_ is there
  std::jthread thread_;               // last: it uses all of the above
};

}  // namespace wayferry
