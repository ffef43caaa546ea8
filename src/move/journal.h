// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "util/io.h"
#include "util/unique_fd.h"

// The target's word on who owns an app, one small file a move: the heart of "exactly one live
// copy". Two processes may want to decide at once, the receiver that hears "yours" and a resolver
// that the source sent after it lost the link. Both go through the same file under its lock, and
// the first to write `mine` or `dropped` has decided for ever. An unknown move becomes `dropped` by
// being asked about, so that a message still under way cannot make it live later.
//
// The journal lies in the runtime folder: it must survive every crash of a process, and must not
// survive the machine, whose end also ends the copy it speaks of. (On disk, a "mine" read after a
// reboot would make the source remove the only copy left.)

namespace wayferry {

enum class MoveFate { unknown, ready, mine, dropped };
std::string_view to_string(MoveFate fate);

/// 32 hex digits.
std::string make_move_id();
bool valid_move_id(std::string_view id);

class MoveJournal {
 public:
  /// `runtime` is Roots::runtime. The id comes from a peer and must be valid.
  MoveJournal(const Path& runtime, std::string_view id);

  MoveFate read() const;
  /// unknown → ready. False if it has been dropped meanwhile.
  bool set_ready();
  /// ready → mine. False if it has been dropped meanwhile.
  bool claim();
  /// unknown, ready → dropped. False if it is mine: then it stays mine.
  bool drop();
  /// mine → dropped, only by the owner itself after its copy is dead without ever having run.
  void give_back();

 private:
  /// Writes `to` if the present fate is one of `from`, in one step against all other processes.
  bool change(std::initializer_list<MoveFate> from, MoveFate to);

  Path file_;
};

}  // namespace wayferry
