// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "util/io.h"
#include "util/unique_fd.h"

// A second process (`wayferry stand-by`) for the time in which the death of one would cost the app:
// once memory follows, the target's receiver has the only userfaultfds and the source's mover
// serves the only copy. It holds what it is given, waits, and when its leader ends without a word
// takes over (succession.h). A process and not a thread or a child's copy: it must live through
// whatever killed the other. The leader for its part replaces one that has died.

namespace wayferry {

enum class Side { source, target };

class Standby {
 public:
  /// Starts one for a session. `words` is the file that gets what it has to say.
  Standby(Side side, const std::string& session, const Path& words, uint64_t bytes_per_second = 0);
  /// Without dismiss() nothing else: it lets it go too. Only a death of ours makes it take over.
  ~Standby();
  Standby(const Standby&) = delete;
  Standby& operator=(const Standby&) = delete;

  /// Lets it hold a descriptor, numbered in the order of the calls. From any thread.
  void keep(int descriptor);
  /// Whether it has died itself: then another one has to be given everything again.
  bool gone() const;

 private:
  UniqueFd socket_;
};

/// (stand-by) Waits at `socket` for the end of the leader. What it gave us to keep if it has died,
/// nothing if it let us go.
std::optional<std::vector<UniqueFd>> await_succession(int socket);

}  // namespace wayferry
