// SPDX-License-Identifier: MIT
#include "ferry/oci_archive.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <filesystem>
#include <format>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "move/link.h"
#include "session/record.h"
#include "util/error.h"

namespace wayferry {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* layout_name = "oci-layout";
constexpr const char* index_name = "index.json";
constexpr std::string_view blobs = "blobs/sha256/";

// Media types of the image specification, version 1.1.
constexpr const char* layer_type = "application/vnd.oci.image.layer.v1.tar+zstd";
constexpr const char* config_type = "application/vnd.oci.image.config.v1+json";
constexpr const char* manifest_type = "application/vnd.oci.image.manifest.v1+json";
constexpr const char* index_type = "application/vnd.oci.image.index.v1+json";

// Go's names for what uname(2) says.
const std::map<std::string, std::string> architectures{{"x86_64", "amd64"}, {"aarch64", "arm64"}};

std::string architecture_of(const Manifest& manifest) {
  const auto known = architectures.find(manifest.machine.architecture());
  return known == architectures.end() ? manifest.machine.architecture() : known->second;
}

// RFC 3339, as the specification wants it.
std::string time_of(const Manifest& manifest) {
  const std::time_t at = manifest.frozen_at;
  std::tm parts{};
  ::gmtime_r(&at, &parts);
  std::array<char, 32> text{};
  const size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), length};
}

// As Podman (libpod/define/annotations.go) and CRI-O name them.
Json annotations_of(const Manifest& manifest) {
  const ContainerSpec spec = spec_from_json(manifest.offer.container(), "container");
  const std::string podman = "io.podman.annotations.checkpoint.";
  return {{podman + "name", spec.name},
          {podman + "rootfsImageID", spec.base_kind == "image" ? spec.base : ""},
          {podman + "criu.version", manifest.machine.criu_version()},
          {podman + "runtime.name", manifest.offer.engine()},
          {podman + "host.arch", architecture_of(manifest)},
          {podman + "host.kernel", manifest.kernel},
          {"io.kubernetes.cri-o.annotations.checkpoint.name", spec.name},
          {"org.criu.checkpoint.container.name", spec.name},
          {"org.opencontainers.image.created", time_of(manifest)}};
}

Json descriptor(const char* type, const std::string& digest, uint64_t size) {
  return {{"mediaType", type}, {"digest", "sha256:" + digest}, {"size", size}};
}

Json descriptor(const char* type, const std::string& contents) {
  return descriptor(type, digest_of(contents), contents.size());
}

std::string config_of(const Manifest& manifest, const std::string& diff_id) {
  const Json config{
      {"created", time_of(manifest)},
      {"architecture", architecture_of(manifest)},
      {"os", "linux"},
      {"config", Json::object()},
      {"rootfs", {{"type", "layers"}, {"diff_ids", Json::array({"sha256:" + diff_id})}}}};
  return config.dump();
}

PieceSource file_bytes(const Path& file) {
  auto fd = std::make_shared<UniqueFd>(
      check("open", ::open(file.c_str(), O_RDONLY | O_CLOEXEC), file.native()));
  return [fd, file] {
    std::string piece(longest_piece, '\0');
    piece.resize(read_full(fd->get(), std::as_writable_bytes(std::span(piece))));
    return piece;
  };
}

// Small enough to be the JSON of an image, which comes before or after the layer it names.
constexpr la_int64_t longest_json = 1u << 20;

// An archive around the ferry file, open at an entry.
struct Outer {
  explicit Outer(const Path& file) : source(file_bytes(file)), in(source, file.native()) {
    archive_read_support_format_tar(in.get());
    in.open();
  }
  PieceSource source;
  ArchiveIn in;
};

std::string read_entry(ArchiveIn& in) {
  std::string all;
  for (std::string more = in.read(longest_piece); !more.empty(); more = in.read(longest_piece))
    all += more;
  return all;
}

/// All small entries by name; empty for what is no tar archive or has no index.
std::map<std::string, std::string> small_entries(const Path& file) {
  std::map<std::string, std::string> found;
  try {
    Outer outer(file);
    while (archive_entry* entry = outer.in.next_entry())
      if (archive_entry_size(entry) <= longest_json)
        found[archive_entry_pathname(entry)] = read_entry(outer.in);
  } catch (const ProtocolError&) {
    return {};  // an answer: the reader looks at the file itself then, and says what is wrong
  }
  return found;
}

std::string blob_name(const Json& descriptor) {
  const auto digest = descriptor.at("digest").get<std::string>();
  return std::string(blobs) + digest.substr(digest.find(':') + 1);
}

/// The name of the only layer of the only image; nothing if `file` is no OCI archive.
std::optional<std::string> layer_name(const Path& file) {
  auto entries = small_entries(file);
  if (!entries.contains(index_name)) return std::nullopt;
  try {
    const Json index = Json::parse(entries[index_name]);
    const Json manifest = Json::parse(entries[blob_name(index.at("manifests").at(0))]);
    return blob_name(manifest.at("layers").at(0));
  } catch (const Json::exception& error) {
    throw ProtocolError(file.native(),
                        std::string("an OCI archive without an image: ") + error.what());
  }
}

}  // namespace

void write_oci_archive(const Path& archive, const Path& layer, const FerryWriter::Digests& digests,
                       const Manifest& manifest) {
  const UniqueFd fd(check("create",
                          ::open(archive.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600),
                          archive.native()));
  const std::string config = config_of(manifest, digests.tar);
  const Json image{
      {"schemaVersion", 2},
      {"mediaType", manifest_type},
      {"config", descriptor(config_type, config)},
      {"layers",
       Json::array({descriptor(layer_type, digests.packed, std::filesystem::file_size(layer))})},
      {"annotations", annotations_of(manifest)}};
  const std::string image_text = image.dump();
  const Json index{{"schemaVersion", 2},
                   {"mediaType", index_type},
                   {"manifests", Json::array({descriptor(manifest_type, image_text)})}};
  PlainTar tar([&](std::string_view piece) { write_all(fd.get(), piece); });
  tar.add(layout_name, R"({"imageLayoutVersion":"1.0.0"})");
  tar.add(index_name, index.dump());
  for (const std::string& text : {image_text, config})
    tar.add(std::string(blobs) + digest_of(text), text);
  tar.add_file(std::string(blobs) + digests.packed, layer);
  tar.finish();
  check("fsync", ::fsync(fd.get()), archive.native());
}

PieceSource ferry_bytes(const Path& file) {
  const auto layer = layer_name(file);
  if (!layer) return file_bytes(file);
  auto outer = std::make_shared<Outer>(file);
  while (archive_entry* entry = outer->in.next_entry())
    if (*layer == archive_entry_pathname(entry))
      return [outer] { return outer->in.read(longest_piece); };
  throw ProtocolError(file.native(), "an OCI archive without its layer " + *layer);
}

}  // namespace wayferry
