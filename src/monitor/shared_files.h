// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <vector>

#include "model/object.h"
#include "model/state.pb.h"
#include "util/unique_fd.h"

// Memory that the app shares with the compositor: where it lies in the app at a freeze, and how it
// is opened again after the restore. CRIU carries what is in the app's memory or in one of its
// descriptors, at the same address and number; what only the monitor holds travels in the state.

namespace wayferry {

/// A new sealed memory file with the first `size` bytes of `from`: safe to hand to the app.
UniqueFd sealed_copy(const UniqueFd& from, size_t size);

/// Finds each file in the (frozen) processes and sets its place; kind `contents` where no process
/// has it. One walk over the processes, however many files there are.
void place_files(const std::vector<std::shared_ptr<PoolFile>>& files,
                 const std::vector<pid_t>& pids);

/// Adds a file's bytes to the state, holes left out: a sparse pool of 512 MB costs what is filled.
void save_contents(const PoolFile& file, state::File& into);

/// Opens a file of a state again. `pids`: container's pid → host's pid, of the restored processes.
std::shared_ptr<PoolFile> open_file(const state::File& from, const std::map<uint32_t, pid_t>& pids);

/// The container's number of a process that the host numbers `pid`.
uint32_t container_pid(pid_t pid);

}  // namespace wayferry
