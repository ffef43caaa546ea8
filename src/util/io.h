// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "util/unique_fd.h"

// Whole reads and writes on descriptors and small files. Each function either does all of what it
// says or throws SystemError; end of file is an answer, not an error.

namespace wayferry {

using Path = std::filesystem::path;
using Bytes = std::span<const std::byte>;

void write_all(int fd, Bytes data);
void write_all(int fd, std::string_view data);

/// Reads until `into` is full. Returns the bytes read: fewer than asked only at end of file.
size_t read_full(int fd, std::span<std::byte> into);

/// Reads to the end of file.
std::string read_to_end(int fd);

/// The contents of a small file; nothing if it does not exist, nor the process or the control group
/// that it tells about (proc(5): such a file can be opened and be gone before it is read).
std::optional<std::string> read_file(const Path& path);

/// Replaces a file in one step (temporary file, rename): a reader, also one after our own crash,
/// meets either the old or the new contents. Not so after a crash of the machine, which no session
/// outlives: the disk, which an app that stands still would be waiting for, is not asked.
void write_file(const Path& path, std::string_view contents);

/// Waits until fd is readable (or at its end). False when `limit` has passed.
bool wait_readable(int fd, std::chrono::milliseconds limit);

/// A pipe's end to read and its end to write, close-on-exec.
std::pair<UniqueFd, UniqueFd> make_pipe();

/// A connected pair of unix stream sockets, close-on-exec.
std::pair<UniqueFd, UniqueFd> socket_pair();

/// Lets a pipe, or what is written to a unix socket, hold so many bytes before its writer has to
/// wait. False if it holds less: the system refuses, or it is neither.
bool make_room(int fd, size_t bytes);

/// Connects to the unix stream socket at `path`; nothing if nobody listens there.
std::optional<UniqueFd> connect_unix(const Path& path);

/// Listens at `path`, replacing a stale socket file.
UniqueFd listen_unix(const Path& path);

}  // namespace wayferry
