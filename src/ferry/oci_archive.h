// SPDX-License-Identifier: MIT
#pragma once

#include "ferry/ferry_writer.h"
#include "move/archive.h"

// A ferry file as an OCI image (https://github.com/opencontainers/image-spec): one layer, which is
// the ferry file as it is, and annotations as engines put them on checkpoints, in a tar archive.
// skopeo, podman and registries can store and ship it like any image.

namespace wayferry {

/// Makes `archive`, which must not exist, of the ferry file at `layer`; all of it to the disk.
void write_oci_archive(const Path& archive, const Path& layer, const FerryWriter::Digests& digests,
                       const Manifest& manifest);

/// The bytes of the ferry file at `file`, whether it stands alone or is a layer of an OCI archive.
PieceSource ferry_bytes(const Path& file);

}  // namespace wayferry
