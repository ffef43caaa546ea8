// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "move/image_folder.h"
#include "move/link.h"
#include "move/tar_reader.h"
#include "pages/early_pages.h"

// (target) Takes in what the source streams: file trees, and while the app is frozen the sealed
// state, the files' last differences and CRIU's images.

namespace wayferry {

/// Unpacks one tar stream (file_data* files_end) below each of the folders in turn, of which there
/// is one at least; before each, paths to remove. `first` is the first message of the first.
void receive_files(Link& link, transfer::ToTarget first, const std::vector<Path>& folders);

/// Takes what goes ahead of an app up to its end, which is to be answered; `hint` is told what the
/// source's engine has to say about the restore, if anything.
void receive_early(Link& link, EarlyStore& early,
                   const std::function<void(const std::string& told)>& hint);

/// All of the frozen stage up to `restore`; returns the sealed state.
std::string receive_frozen(Link& link, const std::vector<Path>& folders, ImageFolder& images,
                           const EarlyStore& early);

}  // namespace wayferry
