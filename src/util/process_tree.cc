// SPDX-License-Identifier: MIT
#include "util/process_tree.h"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "util/error.h"

namespace wayferry {
namespace {

Path of_process(pid_t process) {
  return "/proc/" + std::to_string(process);
}

/// Of a process that has ended meanwhile nothing can be opened.
std::optional<HeldProcess> hold(pid_t process) {
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
  if (!pidfd) return std::nullopt;
  return HeldProcess{.pid = process, .pidfd = std::move(pidfd)};
}

std::vector<Path> entries(const Path& folder) {
  std::vector<Path> found;
  std::error_code gone;
  for (std::filesystem::directory_iterator at(folder, gone), end; !gone && at != end;
       at.increment(gone))
    found.push_back(at->path());
  return found;
}

// Each thread has those of its own (proc(5)).
std::vector<pid_t> children(pid_t process) {
  std::vector<pid_t> found;
  for (const Path& thread : entries(of_process(process) / "task")) {
    std::istringstream words(read_file(thread / "children").value_or(""));
    for (pid_t child = 0; words >> child;) found.push_back(child);
  }
  return found;
}

/// Another process that a line of this one's status names (proc(5)); 0: none.
pid_t named_in_status(pid_t process, const std::string& field) {
  const std::string status = read_file(of_process(process) / "status").value_or("");
  const std::string label = "\n" + field + ":\t";
  const size_t at = status.find(label);
  return at == status.npos ? 0 : std::stoi(status.substr(at + label.size()));
}

// Still named after we hold it: then it is the one that we have read of.
std::optional<HeldProcess> hold_named_in_status(pid_t process, const std::string& field) {
  const pid_t named = named_in_status(process, field);
  if (named == 0) return std::nullopt;
  auto held = hold(named);
  return named_in_status(process, field) == named ? std::move(held) : std::nullopt;
}

bool has_open(const Path& process, const struct stat& file) {
  return std::ranges::any_of(entries(process / "fd"), [&](const Path& descriptor) {
    struct stat info{};
    return ::stat(descriptor.c_str(), &info) == 0 && info.st_dev == file.st_dev &&
           info.st_ino == file.st_ino;
  });
}

}  // namespace

void HeldProcess::signal(int signal) const {
  (void)::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0);
}

// A peer that still has its end after we hold it is the one that we were told of: its pid was its
// own all the time.
std::optional<HeldProcess> hold_peer(int socket) {
  ucred peer{};
  socklen_t length = sizeof peer;
  check("getsockopt SO_PEERCRED", ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length));
  auto held = hold(peer.pid);
  pollfd entry{socket, 0, 0};
  check("poll", ::poll(&entry, 1, 0));
  if ((entry.revents & POLLHUP) != 0) return std::nullopt;
  return held;
}

std::optional<HeldProcess> hold_tracer(pid_t process) {
  return hold_named_in_status(process, "TracerPid");
}

std::optional<HeldProcess> hold_parent(pid_t process) {
  return hold_named_in_status(process, "PPid");
}

std::vector<HeldProcess> hold_descendants(pid_t process) {
  std::vector<HeldProcess> found;
  const auto add_children = [&](pid_t parent) {
    for (const pid_t child : children(parent)) {
      auto held = hold(child);
      // Still there after we hold it: then it is the one that we have read of.
      if (held && std::ranges::contains(children(parent), child)) found.push_back(*std::move(held));
    }
  };
  add_children(process);
  for (size_t i = 0; i < found.size(); ++i) add_children(found[i].pid);
  return found;
}

std::vector<HeldProcess> hold_users(const Path& file) {
  std::vector<HeldProcess> found;
  struct stat info{};
  if (::stat(file.c_str(), &info) != 0) return found;
  for (const Path& entry : entries("/proc")) {
    const std::string name = entry.filename();
    pid_t process = 0;
    const auto end = std::from_chars(name.data(), name.data() + name.size(), process).ptr;
    if (end != name.data() + name.size() || !has_open(entry, info)) continue;
    auto held = hold(process);
    if (held && has_open(entry, info)) found.push_back(*std::move(held));
  }
  return found;
}

}  // namespace wayferry
