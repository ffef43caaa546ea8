// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "criu/flag_names.h"
#include "criu/mapping_flags.h"

// CRIU reads /proc/PID/smaps for the flags of a process's mappings alone, but for that file the
// kernel counts all pages of the process: 15 ms a GB while the app stands still. The flags by
// themselves another part of the kernel tells at once (mapping_flags.h).

namespace wayferry {

class ShortSmaps {
 public:
  /// Takes as long as MappingFlags(), before anything stands still. Throws SystemError where the
  /// kernel cannot do it.
  explicit ShortSmaps(const Path& kept) : flags_(kept), names_(learn_flag_names(flags_)) {}

  /// Of a process that stands still: the lines of its /proc/PID/maps, each followed by the line
  /// "VmFlags:" that smaps has there. Nothing if that is not known for each of them.
  std::optional<std::string> of(pid_t process) const;

 private:
  MappingFlags flags_;
  FlagNames names_;
};

}  // namespace wayferry
