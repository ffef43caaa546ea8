// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/connection.h"
#include "model/state.pb.h"

// From a connection's model to its protobuf form and back. Loading trusts nothing: interfaces,
// opcodes, bodies, slots and orders are checked, and a state that is not whole is a ProtocolError
// which names the object. It never opens a file: descriptors' contents are its caller's matter.

namespace wayferry {

constexpr uint32_t state_format = 1;

/// A connection with what surrounds its objects at a freeze.
struct FrozenConnection {
  uint32_t pid = 0;
  uint32_t fd = 0;
  std::unique_ptr<Connection> connection;
  std::string unread_events;
  std::vector<std::shared_ptr<PoolFile>> unread_event_files;
  std::string unfinished_request;
  std::vector<std::shared_ptr<PoolFile>> unfinished_request_files;
};

/// Adds a file to the message once, however many records share it; returns its index + 1, 0 for
/// none. Its contents are added by the caller where its place says so.
class FileList {
 public:
  explicit FileList(state::Connection& into) : into_(into) {}
  uint32_t add(const std::shared_ptr<PoolFile>& file);
  const std::vector<std::shared_ptr<PoolFile>>& files() const { return files_; }

 private:
  state::Connection& into_;
  std::vector<std::shared_ptr<PoolFile>> files_;
};

/// Writes objects, globals and serials. `files` collects the pools' files.
void save_connection(Connection& connection, state::Connection& into, FileList& files);

/// Reads them back. `files` are the files of the message, in its order.
std::unique_ptr<Connection> load_connection(const state::Connection& from,
                                            const std::vector<std::shared_ptr<PoolFile>>& files);

/// Parses and checks the outer message. Throws ProtocolError.
state::Session parse_session(std::string_view bytes);

}  // namespace wayferry
