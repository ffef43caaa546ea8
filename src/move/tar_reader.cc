// SPDX-License-Identifier: MIT
#include "move/tar_reader.h"

#include "engine/root.h"
#include "util/error.h"

namespace wayferry {
namespace {

namespace fs = std::filesystem;

constexpr const char* stream_name = "files from the source";

void require_safe_path(const std::string& path) {
  const Path parsed(path);
  bool safe = !path.empty() && !parsed.is_absolute();
  for (const Path& part : parsed) safe = safe && part != "..";
  if (!safe) throw ProtocolError(stream_name, "path '" + path + "'");
}

// No parent of what is written or removed may be a symbolic link, or it would lead outside.
void require_real_parents(const Path& root, const std::string& relative) {
  Path parent = root;
  for (const Path& part : Path(relative).parent_path()) {
    parent /= part;
    if (fs::is_symlink(fs::symlink_status(parent)))
      throw ProtocolError(stream_name, "'" + relative + "' leads through a link");
  }
}

void require_allowed_type(archive_entry* entry, const std::string& path) {
  if (archive_entry_hardlink(entry)) return;
  const auto type = archive_entry_filetype(entry);
  const bool whiteout = type == AE_IFCHR && archive_entry_rdev(entry) == 0;
  if (type == AE_IFREG || type == AE_IFDIR || type == AE_IFLNK || type == AE_IFIFO || whiteout)
    return;
  // crun gives the container's /dev/null an owner, which makes it a file that the app wrote.
  if (is_common_device(type, archive_entry_rdev(entry))) return;
  throw ProtocolError(stream_name, "'" + path + "' is a device");
}

class Unpacker {
 public:
  Unpacker(const Path& root, const PieceSource& next)
      : root_(fs::canonical(root)), in_(next, stream_name) {
    archive_read_support_format_tar(in_.get());
    archive_write_disk_set_options(out_.get(), ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME |
                                                   ARCHIVE_EXTRACT_OWNER | ARCHIVE_EXTRACT_XATTR |
                                                   ARCHIVE_EXTRACT_ACL | ARCHIVE_EXTRACT_UNLINK |
                                                   ARCHIVE_EXTRACT_SPARSE);
    in_.open();
  }

  void run() {
    while (archive_entry* entry = in_.next_entry()) unpack(entry);
    // Folder times are set here, after the last file in them.
    written(archive_write_close(out_.get()), "");
    in_.skip_rest();
  }

 private:
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
    written(archive_write_header(out_.get(), entry), path);
    copy_contents(path);
    written(archive_write_finish_entry(out_.get()), path);
  }

  void copy_contents(const std::string& path) {
    const void* data = nullptr;
    size_t size = 0;
    la_int64_t offset = 0;
    while (true) {
      const int result = archive_read_data_block(in_.get(), &data, &size, &offset);
      if (result == ARCHIVE_EOF) return;
      in_.checked(result);
      written(static_cast<int>(archive_write_data_block(out_.get(), data, size, offset)), path);
    }
  }

  /// libarchive names the system's reason in some of its texts only; its own codes are no reason.
  static std::string reason(int error) {
    return error > 0 ? std::string(" (") + std::generic_category().message(error) + ")" : "";
  }

  // A warning from the disk is a file that is not as it was (an owner, an xattr): the app would
  // notice, so it counts.
  void written(int result, const std::string& path) {
    if (result == ARCHIVE_OK) return;
    const char* text = archive_error_string(out_.get());
    throw Failure("", "cannot write the app's file '" + path + "': " + (text ? text : "?") +
                          reason(archive_errno(out_.get())));
  }

  Path root_;
  ArchiveIn in_;
  Archive out_{archive_write_disk_new()};
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
