// SPDX-License-Identifier: MIT
#include "move/tar_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "move/link.h"
#include "util/error.h"

namespace wayferry {
namespace {

// File handles, file system ids and link counts of this host's layers (overlayfs.rst); the kernel
// makes them again where they matter.
constexpr std::array<std::string_view, 5> host_bound_xattrs{
    "trusted.overlay.origin", "trusted.overlay.impure", "trusted.overlay.nlink",
    "trusted.overlay.upper", "trusted.overlay.uuid"};

struct Xattr {
  std::string name;
  std::string value;
};

void strip_host_bound_xattrs(archive_entry* entry) {
  std::vector<Xattr> kept;
  archive_entry_xattr_reset(entry);
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK)
    if (std::ranges::find(host_bound_xattrs, std::string_view(name)) == host_bound_xattrs.end())
      kept.push_back({name, std::string(static_cast<const char*>(value), size)});
  archive_entry_xattr_clear(entry);
  for (const Xattr& x : kept)
    archive_entry_xattr_add_entry(entry, x.name.c_str(), x.value.data(), x.value.size());
}

}  // namespace

struct TarWriter::State {
  Path root;
  ArchiveOut out;
  Archive disk{archive_read_disk_new()};
  archive_entry_linkresolver* links = archive_entry_linkresolver_new();

  ~State() { archive_entry_linkresolver_free(links); }

  ContentsDigest write_contents(int fd, const std::string& path) {
    return read_contents(fd, path, [&](std::string_view block) {
      // Fewer are taken when it has grown since its header was written.
      return out.write(block, path) == block.size();
    });
  }

  std::optional<ContentsDigest> write_entry(archive_entry* entry, int fd, const std::string& path) {
    std::optional<ContentsDigest> digest;
    out.checked(archive_write_header(out.get(), entry), path);
    if (fd >= 0 && !archive_entry_hardlink(entry)) digest = write_contents(fd, path);
    // Pads with zeros what the file has lost since its header was written.
    out.checked(archive_write_finish_entry(out.get()), path);
    return digest;
  }
};

TarWriter::TarWriter(Path root, PieceSink sink)
    : state_(new State{.root = std::move(root), .out = ArchiveOut(std::move(sink))}) {
  archive* out = state_->out.get();
  archive_write_set_format_pax(out);
  archive_write_set_bytes_per_block(out, static_cast<int>(longest_piece));
  archive_write_set_bytes_in_last_block(out, 1);
  archive_read_disk_set_symlink_physical(state_->disk.get());
  archive_entry_linkresolver_set_strategy(state_->links, ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE);
  state_->out.open();
}

TarWriter::~TarWriter() = default;

std::optional<ContentsDigest> TarWriter::add(const std::string& relative) {
  const Path path = relative == "." ? state_->root : state_->root / relative;
  struct stat status{};
  if (::lstat(path.c_str(), &status) < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    throw SystemError(errno, "lstat", path.native());
  }
  if (S_ISSOCK(status.st_mode)) return std::nullopt;
  UniqueFd fd;
  if (S_ISREG(status.st_mode)) {
    fd = UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd && (errno == ENOENT || errno == ELOOP)) return std::nullopt;
    check("open", fd.get(), path.native());
  }
  ArchiveEntry entry(archive_entry_new());
  archive_entry_copy_pathname(entry.get(), relative.c_str());
  archive_entry_copy_sourcepath(entry.get(), path.c_str());
  if (archive_read_disk_entry_from_file(state_->disk.get(), entry.get(), fd.get(), &status) <
      ARCHIVE_WARN)
    throw SystemError(archive_errno(state_->disk.get()), "read", path.native());
  strip_host_bound_xattrs(entry.get());
  // The resolver turns the second name of a file into a link to the first; in a tar it holds
  // nothing back, so `later` stays empty.
  archive_entry* now = entry.release();
  archive_entry* later = nullptr;
  archive_entry_linkify(state_->links, &now, &later);
  entry.reset(now);
  if (!entry) return std::nullopt;
  return state_->write_entry(entry.get(), fd.get(), path.native());
}

void TarWriter::finish() {
  state_->out.close();
}

uint64_t TarWriter::bytes() const {
  return state_->out.bytes();
}

}  // namespace wayferry
