// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "util/io.h"

// The images on this host: unpacked once, never written to, used as the lowest layer of every
// container made from them. They are known by their digest, so that the target of a move can tell
// whether it has the same one. skopeo and umoci do the reading; this file knows only where things
// lie.

namespace wayferry {

/// What an image says about running it.
struct ImageDefaults {
  std::vector<std::string> argv;  ///< entry point and command
  std::vector<std::string> environment;
  std::string working_directory = "/";
  std::string user;  ///< as find_user() takes it; empty: root
};

/// Brings an image into the store unless it is there, and returns its digest ("sha256:…").
/// `reference` is a file (docker-archive, as `docker save` or skopeo write it), a folder with an
/// OCI layout
/// ("DIR" or "DIR:TAG"), or a folder with an unpacked root file system.
std::string import_image(const std::string& reference,
                         const Path& store = "/var/lib/wayferry/images");

/// The root file system of an imported image. Throws Failure if it is not on this host.
Path image_root(const std::string& digest, const Path& store = "/var/lib/wayferry/images");

bool has_image(const std::string& digest, const Path& store = "/var/lib/wayferry/images");

/// Scripts for sh(1), to be run by anyone on any host, that carry an image from one to another.
struct ImageCommands {
  std::string has;   ///< ends with 0 where the image is
  std::string save;  ///< writes it to its standard output, a tar stream
  std::string load;  ///< reads that from its standard input
  std::string name;  ///< by which its users know it; empty: it has none
  std::string find;  ///< prints the digest of what bears the name
  /// Prints a line of JSON for the image, and one for each image there is: the digests of its
  /// layers, from the lowest. Empty: the engine keeps no layers. An entry of the saved stream whose
  /// name ends with such a digest may be left out where load finds this layer and all below it.
  std::string own_layers;
  std::string all_layers;
};
ImageCommands stored_image_commands(const std::string& digest,
                                    const Path& store = "/var/lib/wayferry/images");

ImageDefaults image_defaults(const std::string& digest,
                             const Path& store = "/var/lib/wayferry/images");

/// The same from an image's configuration (JSON: Entrypoint, Cmd, Env, WorkingDir, User).
ImageDefaults image_defaults_of(const std::string& config);

}  // namespace wayferry
