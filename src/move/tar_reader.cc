// SPDX-License-Identifier: MIT
#include "move/tar_reader.h"

#include <archive.h>
#include <archive_entry.h>

#include <exception>
#include <memory>

#include "util/error.h"

namespace wayferry {
namespace {

namespace fs = std::filesystem;

struct FreeReader {
  void operator()(archive* a) const { archive_read_free(a); }
};
struct FreeWriter {
  void operator()(archive* a) const { archive_write_free(a); }
};

void require_safe_path(const std::string& path) {
  const Path parsed(path);
  bool safe = !path.empty() && !parsed.is_absolute();
  for (const Path& part : parsed) safe = safe && part != "..";
  if (!safe) throw ProtocolError("files from the source", "path '" + path + "'");
}

// No parent of what is written or removed may be a symbolic link, or it would lead outside.
void require_real_parents(const Path& root, const std::string& relative) {
  Path parent = root;
  for (const Path& part : Path(relative).parent_path()) {
    parent /= part;
    if (fs::is_symlink(fs::symlink_status(parent)))
      throw ProtocolError("files from the source", "'" + relative + "' leads through a link");
  }
}

void require_allowed_type(archive_entry* entry, const std::string& path) {
  if (archive_entry_hardlink(entry)) return;
  const auto type = archive_entry_filetype(entry);
  const bool whiteout = type == AE_IFCHR && archive_entry_rdev(entry) == 0;
  if (type == AE_IFREG || type == AE_IFDIR || type == AE_IFLNK || type == AE_IFIFO || whiteout)
    return;
  throw ProtocolError("files from the source", "'" + path + "' is a device");
}

class Unpacker {
 public:
  Unpacker(const Path& root, const PieceSource& next) : root_(fs::canonical(root)), next_(next) {
    archive_read_support_format_tar(in_.get());
    archive_write_disk_set_options(out_.get(), ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME |
                                                   ARCHIVE_EXTRACT_OWNER | ARCHIVE_EXTRACT_XATTR |
                                                   ARCHIVE_EXTRACT_ACL | ARCHIVE_EXTRACT_UNLINK |
                                                   ARCHIVE_EXTRACT_SPARSE);
    checked(archive_read_open(in_.get(), this, nullptr, &Unpacker::read, nullptr), in_.get(), "");
  }

  void run() {
    archive_entry* entry = nullptr;
    while (true) {
      const int result = archive_read_next_header(in_.get(), &entry);
      if (result == ARCHIVE_EOF) break;
      checked(result, in_.get(), "");
      unpack(entry);
    }
    // Folder times are set here, after the last file in them.
    checked(archive_write_close(out_.get()), out_.get(), "");
    while (!next_().empty()) {
    }  // what follows the end mark is the stream's padding
  }

 private:
  static la_ssize_t read(archive* /*in*/, void* self, const void** data) {
    auto& unpacker = *static_cast<Unpacker*>(self);
    try {
      if (!unpacker.ended_) unpacker.piece_ = unpacker.next_();
      unpacker.ended_ = unpacker.piece_.empty();
      *data = unpacker.piece_.data();
      return static_cast<la_ssize_t>(unpacker.piece_.size());
    } catch (...) {
      unpacker.source_error_ = std::current_exception();  // must not fly through C code
      return -1;
    }
  }

  void unpack(archive_entry* entry) {
    const std::string path = archive_entry_pathname(entry) ? archive_entry_pathname(entry) : "";
    require_safe_path(path);
    require_real_parents(root_, path);
    require_allowed_type(entry, path);
    archive_entry_copy_pathname(entry, (path == "." ? root_ : root_ / path).c_str());
    if (const char* first = archive_entry_hardlink(entry)) {
      require_safe_path(first);
      require_real_parents(root_, first);
      archive_entry_copy_hardlink(entry, (root_ / first).c_str());
    }
    checked(archive_write_header(out_.get(), entry), out_.get(), path);
    copy_contents(path);
    checked(archive_write_finish_entry(out_.get()), out_.get(), path);
  }

  void copy_contents(const std::string& path) {
    const void* data = nullptr;
    size_t size = 0;
    la_int64_t offset = 0;
    while (true) {
      const int result = archive_read_data_block(in_.get(), &data, &size, &offset);
      if (result == ARCHIVE_EOF) return;
      checked(result, in_.get(), path);
      checked(static_cast<int>(archive_write_data_block(out_.get(), data, size, offset)),
              out_.get(), path);
    }
  }

  /// libarchive names the system's reason in some of its texts only; its own codes are no reason.
  static std::string reason(int error) {
    return error > 0 ? std::string(" (") + std::generic_category().message(error) + ")" : "";
  }

  void checked(int result, archive* where, const std::string& path) {
    // A warning from the disk is a file that is not as it was (an owner, an xattr): the app would
    // notice, so it counts.
    if (result == ARCHIVE_OK || (result == ARCHIVE_WARN && where == in_.get())) return;
    if (source_error_) std::rethrow_exception(source_error_);
    const char* text = archive_error_string(where);
    if (where == out_.get())
      throw Failure("", "cannot write the app's file '" + path + "': " + (text ? text : "?") +
                            reason(archive_errno(where)));
    throw ProtocolError("files from the source", text ? text : "not a tar stream");
  }

  Path root_;
  const PieceSource& next_;
  std::unique_ptr<archive, FreeReader> in_{archive_read_new()};
  std::unique_ptr<archive, FreeWriter> out_{archive_write_disk_new()};
  std::string piece_;
  bool ended_ = false;
  std::exception_ptr source_error_;
};

}  // namespace

void unpack_tar(const Path& root, const PieceSource& next) {
  Unpacker(root, next).run();
}

void remove_below(const Path& root, const std::string& relative) {
  require_safe_path(relative);
  const Path real_root = fs::canonical(root);
  require_real_parents(real_root, relative);
  fs::remove_all(real_root / relative);
}

}  // namespace wayferry
