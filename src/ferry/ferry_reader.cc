// SPDX-License-Identifier: MIT
#include "ferry/ferry_reader.h"

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>

#include "ferry/ferry_writer.h"
#include "ferry/oci_archive.h"
#include "move/link.h"
#include "util/error.h"

namespace wayferry {
namespace {

// A manifest or a list of checksums has a few kilobytes.
constexpr size_t longest_text = 1u << 20;

// RFC 8878, and POSIX's ustar header.
constexpr std::string_view zstd_magic = "\x28\xb5\x2f\xfd";
constexpr std::string_view tar_magic = "ustar";
constexpr size_t tar_magic_at = 257;

}  // namespace

bool is_ferry_file(const Path& file) {
  std::array<char, tar_magic_at + tar_magic.size()> head{};
  std::ifstream(file, std::ios::binary).read(head.data(), head.size());
  const std::string_view text(head.data(), head.size());
  return text.starts_with(zstd_magic) || text.ends_with(tar_magic);
}

FerryReader::FerryReader(Path file)
    : file_(std::move(file)), packed_(ferry_bytes(file_)), in_(packed_, file_.native()) {
  archive_read_support_filter_zstd(in_.get());
  archive_read_support_filter_gzip(in_.get());  // a registry may have packed it anew
  archive_read_support_format_tar(in_.get());
  const auto foreign = [&] {
    return Failure(file_.native(), "is not a file of wayferry freeze", "name one that is");
  };
  try {
    in_.open();
    if (next() != ferry_entry::manifest) throw foreign();
  } catch (const ProtocolError&) {
    throw foreign();  // not even a tar stream
  }
  manifest_ = manifest_from_json(read_all(), file_.native());
}

std::optional<std::string> FerryReader::next() {
  if (!entry_.empty()) {
    while (!piece().empty()) {  // what was not wanted is summed up all the same
    }
    sums_[entry_] = digest_.hex();
  }
  archive_entry* entry = in_.next_entry();
  if (!entry)
    throw ProtocolError(where(), "the file ends here, without its checksums: it was cut off");
  const char* name = archive_entry_pathname(entry);
  entry_ = name ? name : "";
  if (entry_ != ferry_entry::checksums) return entry_;
  check_sums(read_all());
  return std::nullopt;
}

std::string FerryReader::piece() {
  std::string bytes;
  try {
    bytes = in_.read(longest_piece);
  } catch (const ProtocolError& error) {
    throw ProtocolError(where(), "damaged: " + error.text());
  }
  digest_.add(bytes);
  return bytes;
}

std::string FerryReader::read_all() {
  std::string all;
  for (std::string more = piece(); !more.empty(); more = piece()) {
    all += more;
    if (all.size() > longest_text) throw ProtocolError(where(), "too large");
  }
  return all;
}

void FerryReader::check_sums(const std::string& text) {
  const auto named = nlohmann::json::parse(text, nullptr, false);
  if (!named.is_object()) throw ProtocolError(where(), "damaged: not a list of checksums");
  for (const auto& [name, sum] : sums_)
    if (!named.contains(name) || named[name] != sum)
      throw ProtocolError(file_.native() + ", " + name, "damaged: its checksum is another");
  if (named.size() != sums_.size())
    throw ProtocolError(where(), "damaged: it names entries that are not there");
}

}  // namespace wayferry
