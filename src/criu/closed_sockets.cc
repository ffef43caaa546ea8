// SPDX-License-Identifier: MIT
#include "criu/closed_sockets.h"

#include "criu/fields.h"
#include "criu/image.h"
#include "util/error.h"

namespace wayferry {
namespace {

// From CRIU's images: file_entry.usk is field 16 (fdinfo.proto); what unix_sk_entry says of the
// peer and of ends that were shut down (sk-unix.proto, sk-opts.proto).
constexpr uint64_t field_unix_socket = 16;
constexpr uint64_t field_inode = 2;
constexpr uint64_t field_peer = 8;
constexpr uint64_t field_shutdown = 12;
constexpr uint64_t no_peer = 0;
constexpr uint64_t both_ends = 3;

ino_t inode_of(std::string_view socket) {
  Fields fields(socket, files_image);
  while (fields.next())
    if (fields.number == field_inode) return fields.value;
  throw ProtocolError(files_image, "a socket without an inode");
}

std::string closed(std::string_view socket) {
  std::string entry = without_fields(socket, {field_peer, field_shutdown}, files_image);
  put_number(entry, field_peer, no_peer);
  put_number(entry, field_shutdown, both_ends);
  return entry;
}

}  // namespace

std::string with_closed_sockets(std::string_view image, const std::set<ino_t>& sockets) {
  std::set<ino_t> missing = sockets;
  const auto put = [&](const Fields& field, std::string& file) {
    if (field.number == field_unix_socket && missing.erase(inode_of(field.bytes)) > 0)
      put_bytes(file, field_unix_socket, closed(field.bytes));
    else
      file += field.raw;
  };
  std::string result = rewritten(image, files_magic, files_image, put);
  if (!missing.empty()) throw ProtocolError(files_image, "a connection to be closed is not in it");
  return result;
}

}  // namespace wayferry
