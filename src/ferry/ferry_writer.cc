// SPDX-License-Identifier: MIT
#include "ferry/ferry_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "util/error.h"

namespace wayferry {

std::vector<std::string> file_entries(const Engine& engine, const ContainerSpec& spec) {
  std::vector<std::string> entries{ferry_entry::files};
  if (engine.run_folder({})) entries.emplace_back(ferry_entry::run);
  for (size_t i = 0; i < spec.volumes.size(); ++i)
    entries.push_back(ferry_entry::volumes + std::to_string(i) + ".tar");
  return entries;
}

FerryWriter::FerryWriter(Path file, const Manifest& manifest)
    : file_(std::move(file)),
      fd_(check("create", ::open(file_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600),
                file_.native())),
      compressor_([this](std::string_view packed) { put(packed); }),
      tar_([this](std::string_view piece) {
        tar_digest_.add(piece);
        compressor_.add(piece);
      }) {
  add(ferry_entry::manifest, to_json(manifest));
}

void FerryWriter::put(std::string_view packed) {
  packed_digest_.add(packed);
  write_all(fd_.get(), packed);
}

void FerryWriter::add(const std::string& name, std::string_view contents) {
  tar_.add(name, contents);
  checksums_.emplace_back(name, digest_of(contents));
}

void FerryWriter::add_file(const std::string& name, const Path& from) {
  Digest digest;
  tar_.add_file(name, from, [&](std::string_view piece) { digest.add(piece); });
  checksums_.emplace_back(name, digest.hex());
}

FerryWriter::Digests FerryWriter::finish() {
  nlohmann::ordered_json all = nlohmann::ordered_json::object();
  for (const auto& [name, digest] : checksums_) all[name] = digest;
  tar_.add(ferry_entry::checksums, all.dump(2) + "\n");
  tar_.finish();
  compressor_.finish();
  check("fsync", ::fsync(fd_.get()), file_.native());
  return {.packed = packed_digest_.hex(), .tar = tar_digest_.hex()};
}

}  // namespace wayferry
