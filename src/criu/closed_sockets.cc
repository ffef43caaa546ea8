// SPDX-License-Identifier: MIT
#include "criu/closed_sockets.h"

#include "criu/fields.h"
#include "util/error.h"

namespace wayferry {
namespace {

constexpr uint32_t files_magic = 0x56303138;  // FILES_MAGIC of CRIU's criu/include/magic.h

// From CRIU's images: file_entry.usk is field 16 (fdinfo.proto); what unix_sk_entry says of the
// peer and of ends that were shut down (sk-unix.proto, sk-opts.proto).
constexpr uint64_t field_unix_socket = 16;
constexpr uint64_t field_inode = 2;
constexpr uint64_t field_peer = 8;
constexpr uint64_t field_shutdown = 12;
constexpr uint64_t no_peer = 0;
constexpr uint64_t both_ends = 3;

constexpr size_t magic_numbers = 8;  // bytes at the head of an image

ino_t inode_of(std::string_view socket) {
  Fields fields(socket, files_image);
  while (fields.next())
    if (fields.number == field_inode) return fields.value;
  throw ProtocolError(files_image, "a socket without an inode");
}

std::string closed(std::string_view socket) {
  std::string entry;
  Fields fields(socket, files_image);
  while (fields.next())
    if (fields.number != field_peer && fields.number != field_shutdown) entry += fields.raw;
  put_number(entry, field_peer, no_peer);
  put_number(entry, field_shutdown, both_ends);
  return entry;
}

}  // namespace

std::string with_closed_sockets(std::string_view image, const std::set<ino_t>& sockets) {
  std::set<ino_t> missing = sockets;
  Records records(image, files_magic, files_image);
  std::string result(image.substr(0, magic_numbers));
  for (std::string_view record; records.next(record);) {
    std::string file;
    Fields fields(record, files_image);
    while (fields.next()) {
      if (fields.number == field_unix_socket && missing.erase(inode_of(fields.bytes)) > 0)
        put_bytes(file, field_unix_socket, closed(fields.bytes));
      else
        file += fields.raw;
    }
    put_record(result, file);
  }
  if (!missing.empty()) throw ProtocolError(files_image, "a connection to be closed is not in it");
  return result;
}

}  // namespace wayferry
