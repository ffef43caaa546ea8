// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "move/file_tree.h"
#include "move/link.h"
#include "move/report.h"
#include "pages/early_pages.h"

// (source) The bulk data of a move, cut into messages and counted by class.

namespace wayferry {

class Outgoing {
 public:
  Outgoing(Link& link, MoveReport& report) : link_(link), report_(report) {}

  void send(const transfer::ToTarget& message) { send_to_target(link_, message); }
  /// We are still there, and busy with something else.
  void patience();
  /// All that was in the tree, and its end.
  void files(FileTree& tree);
  /// What differs from that now: removals, then as files().
  void file_differences(const FileTree& tree);
  /// Of a running app: sends those of the pages that have not gone ahead yet, and tells their
  /// places in the piece. The bytes of these pages.
  uint64_t early(Bytes piece, const std::function<void(uint64_t page)>& tell);
  /// The same for its shared memory, so that the images need not bring it.
  void early_shared(const std::vector<pid_t>& processes);
  /// Among that, once: await_warm_up()'s answer (engine.h).
  void restore_hint(const std::string& told);
  /// Waits until all of it is at the target, and what it needs for a restore is up; `meanwhile` is
  /// called first, while the last of it is on its way.
  void early_end(std::chrono::milliseconds limit, const std::function<void()>& meanwhile = {});
  const EarlyPages& early_pages() const { return early_; }
  void state(std::string_view state);
  void image(const std::string& name, uint64_t offset, std::string_view data);
  void images_end(const std::map<std::string, uint64_t>& sizes);

 private:
  PieceSink file_data();
  void files_end();
  void removals(const std::vector<std::string>& paths);

  Link& link_;
  MoveReport& report_;
  EarlyPages early_;
};

}  // namespace wayferry
