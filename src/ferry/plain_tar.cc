// SPDX-License-Identifier: MIT
#include "ferry/plain_tar.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "move/link.h"
#include "util/error.h"

namespace wayferry {

PlainTar::PlainTar(PieceSink sink) : out_(std::move(sink)) {
  archive_write_set_format_pax_restricted(out_.get());
  archive_write_set_bytes_per_block(out_.get(), static_cast<int>(longest_piece));
  archive_write_set_bytes_in_last_block(out_.get(), 1);
  out_.open();
}

void PlainTar::begin(const std::string& name, uint64_t size) {
  const ArchiveEntry entry(archive_entry_new());
  archive_entry_copy_pathname(entry.get(), name.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0600);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
  out_.checked(archive_write_header(out_.get(), entry.get()), name);
}

void PlainTar::add(const std::string& name, std::string_view contents) {
  begin(name, contents.size());
  out_.write(contents, name);
  out_.checked(archive_write_finish_entry(out_.get()), name);
}

void PlainTar::add_file(const std::string& name, const Path& file, const PieceSink& tap) {
  const UniqueFd fd(check("open", ::open(file.c_str(), O_RDONLY | O_CLOEXEC), file.native()));
  begin(name, std::filesystem::file_size(file));
  std::vector<char> block(longest_piece);
  while (true) {
    const size_t n = read_full(fd.get(), std::as_writable_bytes(std::span(block)));
    if (n == 0) break;
    if (tap) tap({block.data(), n});
    if (out_.write({block.data(), n}, name) < n)
      throw SystemError(EFBIG, "read a file that grows meanwhile", file.native());
  }
  out_.checked(archive_write_finish_entry(out_.get()), name);
}

Compressor::Compressor(PieceSink sink) : out_(std::move(sink)) {
  archive_write_set_format_raw(out_.get());
  archive_write_add_filter_zstd(out_.get());
  // All processors: the app stands still meanwhile.
  archive_write_set_filter_option(out_.get(), "zstd", "threads", "0");
  archive_write_set_bytes_per_block(out_.get(), static_cast<int>(longest_piece));
  archive_write_set_bytes_in_last_block(out_.get(), 1);
  out_.open();
  const ArchiveEntry entry(archive_entry_new());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  out_.checked(archive_write_header(out_.get(), entry.get()), "compressed stream");
}

void Compressor::finish() {
  out_.close();
}

}  // namespace wayferry
