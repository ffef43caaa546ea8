// SPDX-License-Identifier: MIT
#pragma once

#include <linux/userfaultfd.h>

#include <cstdint>
#include <vector>

#include "util/io.h"
#include "util/unique_fd.h"

// One process's userfaultfd, as CRIU's restore hands it over: puts pages in and reads what the
// process does to its memory. It knows the kernel's ways of saying "not now", "not there any more"
// and "is there already"; which pages belong where it does not know.

namespace wayferry {

class Uffd {
 public:
  explicit Uffd(UniqueFd fd) : fd_(std::move(fd)) {}
  int fd() const { return fd_.get(); }

  enum class Outcome {
    done,            ///< all pages are there, or nowhere any more
    events_waiting,  ///< the process has changed its mappings: read the events, look again
    process_gone,
  };
  /// Puts `pages` at `now`, whole pages; those without bytes (empty `pages`) are zeros.
  Outcome fill(uint64_t now, uint64_t count, Bytes pages);

  /// Lets who stands still at a page try again.
  void wake(uint64_t page);
  /// The same for all pages there are.
  void wake_all();

  /// Nobody will ever fill these: whoever stands still there goes on, with zeros. Closing the
  /// descriptor would do the same, were it the only one.
  void let_go(uint64_t now, uint64_t bytes);

  /// What happened since, without waiting.
  std::vector<uffd_msg> events();

 private:
  /// The bytes filled; -EAGAIN and so on.
  int64_t put(uint64_t now, uint64_t bytes, const std::byte* from);

  UniqueFd fd_;
};

}  // namespace wayferry
