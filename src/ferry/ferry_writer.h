// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "ferry/digest.h"
#include "ferry/manifest.h"
#include "ferry/plain_tar.h"
#include "util/io.h"

// Writes a ferry file: a tar stream, compressed with zstd, whose entries are, in this order,
//
//   manifest.json       manifest.h
//   image.tar           the container's image as its engine saves it, where that was wished
//   rootfs-diff.tar     what the app wrote to its root file system
//   run.tar             what is in its /run, where the engine lets that travel as files
//   volumes/N.tar       a volume's files, for each in their order
//   wayferry/state      the Wayland state (model/state.proto)
//   checkpoint/NAME     CRIU's images
//   checksums.json      SHA-256 of each of the above; a file without it was cut off
//
// rootfs-diff.tar and checkpoint/ are called as in the checkpoint archives of Podman and CRI-O.

namespace wayferry {

namespace ferry_entry {
constexpr const char* manifest = "manifest.json";
constexpr const char* image = "image.tar";
constexpr const char* files = "rootfs-diff.tar";
constexpr const char* run = "run.tar";
constexpr const char* volumes = "volumes/";
constexpr const char* state = "wayferry/state";
constexpr const char* checkpoint = "checkpoint/";
constexpr const char* checksums = "checksums.json";
}  // namespace ferry_entry

/// The entries of a container's files, in their order.
std::vector<std::string> file_entries(const Engine& engine, const ContainerSpec& spec);

class FerryWriter {
 public:
  /// Digests as an OCI image names them.
  struct Digests {
    std::string packed;  ///< of the file
    std::string tar;     ///< of the tar stream in it
  };

  /// Makes the file, which must not exist.
  FerryWriter(Path file, const Manifest& manifest);

  void add(const std::string& name, std::string_view contents);
  void add_file(const std::string& name, const Path& from);
  /// The checksums, the end, and all of it to the disk.
  Digests finish();

 private:
  void put(std::string_view packed);

  Path file_;
  UniqueFd fd_;
  Digest packed_digest_;
  Digest tar_digest_;
  std::vector<std::pair<std::string, std::string>> checksums_;
  Compressor compressor_;
  PlainTar tar_;
};

}  // namespace wayferry
