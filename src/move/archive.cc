// SPDX-License-Identifier: MIT
#include "move/archive.h"

#include <algorithm>

#include "util/error.h"

namespace wayferry {

ArchiveOut::ArchiveOut(PieceSink sink) : sink_(std::move(sink)) {}

ArchiveOut::~ArchiveOut() {
  sink_ = [](std::string_view) {};
}

void ArchiveOut::open() {
  const auto write = [](archive* /*out*/, void* self, const void* data, size_t size) -> la_ssize_t {
    auto& out = *static_cast<ArchiveOut*>(self);
    try {
      out.sink_({static_cast<const char*>(data), size});
      out.bytes_ += size;
      return static_cast<la_ssize_t>(size);
    } catch (...) {
      out.sink_error_ = std::current_exception();
      return -1;
    }
  };
  checked(archive_write_open2(get(), this, nullptr, write, nullptr, nullptr), "");
}

void ArchiveOut::close() {
  checked(archive_write_close(get()), "end");
}

size_t ArchiveOut::write(std::string_view data, const std::string& what) {
  const la_ssize_t taken = archive_write_data(get(), data.data(), data.size());
  if (taken < 0) checked(static_cast<int>(taken), what);
  return static_cast<size_t>(taken);
}

void ArchiveOut::checked(int result, const std::string& what) {
  if (result >= ARCHIVE_WARN) return;
  if (sink_error_) std::rethrow_exception(sink_error_);
  throw SystemError(archive_errno(get()), "tar " + what);
}

ArchiveIn::ArchiveIn(const PieceSource& next, std::string where)
    : next_(next), where_(std::move(where)) {}

void ArchiveIn::open() {
  checked(archive_read_open(get(), this, nullptr, &ArchiveIn::read_piece, nullptr));
}

la_ssize_t ArchiveIn::read_piece(archive* /*a*/, void* self, const void** data) {
  auto& in = *static_cast<ArchiveIn*>(self);
  try {
    if (!in.ended_) in.piece_ = in.next_();
    in.ended_ = in.piece_.empty();
    *data = in.piece_.data();
    return static_cast<la_ssize_t>(in.piece_.size());
  } catch (...) {
    in.source_error_ = std::current_exception();
    return -1;
  }
}

archive_entry* ArchiveIn::next_entry() {
  archive_entry* entry = nullptr;
  const int result = archive_read_next_header(get(), &entry);
  if (result == ARCHIVE_EOF) return nullptr;
  checked(result);
  return entry;
}

std::string ArchiveIn::read(size_t most) {
  std::string piece;
  piece.resize_and_overwrite(most, [&](char* into, size_t size) {
    const la_ssize_t n = archive_read_data(get(), into, size);
    if (n < 0) checked(ARCHIVE_FATAL);
    return static_cast<size_t>(std::max<la_ssize_t>(n, 0));
  });
  return piece;
}

void ArchiveIn::skip_rest() {
  while (!ended_) {
    piece_ = next_();
    ended_ = piece_.empty();
  }
}

void ArchiveIn::checked(int result) {
  if (result >= ARCHIVE_WARN) return;
  if (source_error_) std::rethrow_exception(source_error_);
  const char* text = archive_error_string(get());
  throw ProtocolError(where_, text ? text : "not a tar stream");
}

}  // namespace wayferry
