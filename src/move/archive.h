// SPDX-License-Identifier: MIT
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

// libarchive's readers and writers over streams of pieces, with exceptions carried across its C
// code. What is written or read (tar, raw, which filters) is set by whoever makes one, at get().

namespace wayferry {

/// Takes the next piece of a stream.
using PieceSink = std::function<void(std::string_view)>;
/// The next piece of a stream; an empty one is its end.
using PieceSource = std::function<std::string()>;

struct FreeArchive {
  void operator()(archive* a) const { archive_free(a); }
};
using Archive = std::unique_ptr<archive, FreeArchive>;
struct FreeArchiveEntry {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};
using ArchiveEntry = std::unique_ptr<archive_entry, FreeArchiveEntry>;

class ArchiveOut {
 public:
  explicit ArchiveOut(PieceSink sink);
  /// An archive that was left unfinished says no more.
  ~ArchiveOut();
  ArchiveOut(const ArchiveOut&) = delete;
  ArchiveOut& operator=(const ArchiveOut&) = delete;

  archive* get() { return archive_.get(); }
  void open();
  void close();
  /// Writes an entry's data; fewer bytes than given once the entry is full.
  size_t write(std::string_view data, const std::string& what);
  /// Throws SystemError for a result of libarchive's that is an error, or what the sink threw.
  void checked(int result, const std::string& what);
  uint64_t bytes() const { return bytes_; }

 private:
  PieceSink sink_;
  std::exception_ptr sink_error_;
  uint64_t bytes_ = 0;
  Archive archive_{archive_write_new()};  // last: freeing it may write
};

class ArchiveIn {
 public:
  /// `where` is what a ProtocolError names. `next` must stay.
  ArchiveIn(const PieceSource& next, std::string where);
  ArchiveIn(const ArchiveIn&) = delete;
  ArchiveIn& operator=(const ArchiveIn&) = delete;

  archive* get() { return archive_.get(); }
  void open();
  /// Null at the end of the archive.
  archive_entry* next_entry();
  /// A piece of the entry's data, at most `most` bytes; an empty one is its end.
  std::string read(size_t most);
  /// Reads what follows the archive's end: padding.
  void skip_rest();
  /// Throws ProtocolError for a result that is an error, or what the source threw.
  void checked(int result);

 private:
  static la_ssize_t read_piece(archive* a, void* self, const void** data);

  Archive archive_{archive_read_new()};
  const PieceSource& next_;
  std::string where_;
  std::string piece_;
  bool ended_ = false;
  std::exception_ptr source_error_;
};

}  // namespace wayferry
