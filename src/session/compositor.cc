// SPDX-License-Identifier: MIT
#include "session/compositor.h"

#include <cstdlib>
#include <vector>

#include "util/error.h"

namespace wayferry {
namespace {

namespace fs = std::filesystem;

std::string environment(const char* variable) {
  const char* value = std::getenv(variable);
  return value ? value : "";
}

bool answers(const Path& path) {
  try {
    return connect_unix(path).has_value();
  } catch (const SystemError&) {
    return false;  // not a socket, or not ours to use: no compositor for us either way
  }
}

/// All sockets DIR/*/NAME that answer; with an empty name, all called wayland-something.
std::vector<std::string> answering(const Path& users, const std::string& name) {
  std::vector<std::string> found;
  std::error_code unreadable;  // a user's folder that we may not read holds nothing for us
  for (const auto& user : fs::directory_iterator(users, unreadable))
    for (const auto& entry : fs::directory_iterator(user.path(), unreadable)) {
      const std::string file = entry.path().filename();
      if (name.empty() ? !file.starts_with("wayland-") : file != name) continue;
      if (entry.is_socket(unreadable) && answers(entry.path())) found.push_back(entry.path());
    }
  return found;
}

std::string only_one(const std::vector<std::string>& found) {
  if (found.size() == 1) return found[0];
  if (found.empty())
    throw Failure("", "no compositor answers (looked for /run/user/*/wayland-*)",
                  "log in to a Wayland desktop on this host, or name its socket with --display");
  std::string list;
  for (const std::string& path : found) list += (list.empty() ? "" : ", ") + path;
  throw Failure("", "several compositors answer: " + list, "choose one with --display");
}

std::string named(const std::string& name, const Path& users) {
  const std::string runtime = environment("XDG_RUNTIME_DIR");
  Path path = name;
  if (!path.is_absolute() && !runtime.empty()) path = Path(runtime) / name;
  if (path.is_absolute() && answers(path)) return path;
  // sudo takes XDG_RUNTIME_DIR away but the name is still good in the user's own folder.
  if (!Path(name).is_absolute())
    if (const auto found = answering(users, name); !found.empty()) return only_one(found);
  throw Failure("", "no compositor answers at " + path.native(),
                "name the socket of a running compositor with --display");
}

}  // namespace

std::string find_compositor(const std::string& wanted, const Path& users) {
  if (!wanted.empty()) return named(wanted, users);
  if (const std::string display = environment("WAYLAND_DISPLAY"); !display.empty())
    return named(display, users);
  return only_one(answering(users, ""));
}

}  // namespace wayferry
