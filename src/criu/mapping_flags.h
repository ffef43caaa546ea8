// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "util/io.h"

// The flags of a process's mappings as the kernel has them, as numbers. Which bit means what is the
// kernel's own affair (flag_names.h). It tells them through a BPF iterator (iter/task_vma, Linux
// 5.12, for one process alone 6.1; Documentation/bpf/bpf_iterators.rst in Linux), which looks at no
// page: some 2 us a mapping.

namespace wayferry {

struct FlaggedMapping {
  uint64_t start;  ///< addresses
  uint64_t end;
  uint64_t flags;
  bool operator==(const FlaggedMapping&) const = default;
};

class MappingFlags {
 public:
  /// Loads a program into the kernel, which takes some 25 ms for the first time since it booted and
  /// 1 ms later, thanks to the file `kept` (kept_program.h). Throws SystemError where that cannot
  /// be: without CONFIG_DEBUG_INFO_BTF, CAP_BPF or CAP_PERFMON.
  explicit MappingFlags(const Path& kept);

  /// All mappings of a process but [vsyscall], in order; none if it has ended. Of one that changes
  /// them meanwhile some may be missing. Throws SystemError.
  std::vector<FlaggedMapping> of(pid_t process) const;

 private:
  UniqueFd program_;
};

}  // namespace wayferry
