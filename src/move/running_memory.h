// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <vector>

#include "criu/process_memory.h"
#include "pages/app_pages.h"
#include "util/io.h"

// What a running app's memory holds, for what is sent ahead of it: a look at each page, which may
// change the moment after, or be given back.

namespace wayferry {

/// Shows the shared memory of these processes, what of it is filled, in pieces of whole pages, at
/// most longest_piece (link.h) each.
void for_each_shared_piece(const std::vector<pid_t>& processes,
                           const std::function<void(Bytes piece)>& show);

/// Writes what they wrote through mappings to the files of these, so that whatever they write there
/// from now on gives the files new times (file_tree.h). Throws SystemError where that fails.
void clean_mapped_files(const std::vector<pid_t>& processes);

/// Gets pages of the process with this pid in the container; false: no more is wanted.
using ShowPrivate = std::function<bool(pid_t inner, uint64_t address, Bytes piece)>;

/// Shows the private memory of these processes (pid in the container → on the host), in such pieces
/// too: what a lazy dump leaves out. Small mappings first: stacks and small heaps are used all the
/// time, large ones hold data. Who has ended has none. False if not all was wanted.
bool for_each_private_piece(const std::map<pid_t, pid_t>& processes, const ShowPrivate& show);

/// The same of these places only, in their order.
bool for_each_piece_of(const std::map<pid_t, pid_t>& processes, const std::vector<AppPages>& places,
                       const ShowPrivate& show);

/// Which pages of that memory are there now, in long runs: what pages_in() can use.
PagesSeen see_private_pages(const std::vector<pid_t>& processes);

}  // namespace wayferry
