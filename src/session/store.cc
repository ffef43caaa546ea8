// SPDX-License-Identifier: MIT
#include "session/store.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <thread>

#include "engine/folders.h"
#include "session/names.h"
#include "util/error.h"

namespace wayferry {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds lock_pause{5};

Path environment_path(const char* variable, const Path& standard) {
  const char* value = std::getenv(variable);
  return value && *value ? Path(value) : standard;
}

void make_private_folder(const Path& path) {
  fs::create_directories(path);
  fs::permissions(path, fs::perms::owner_all);
}

}  // namespace

Roots Roots::from_environment() {
  const Roots standard;
  return {.runtime = environment_path("WAYFERRY_RUNTIME_DIR", standard.runtime),
          .disk = environment_path("WAYFERRY_STATE_DIR", standard.disk)};
}

SessionFolders SessionStore::folders(const std::string& name) const {
  require_session_name(name);
  return {.runtime = roots_.runtime / name, .disk = roots_.disk / "sessions" / name};
}

std::optional<SessionLock> SessionStore::try_lock(const std::string& name) const {
  require_session_name(name);
  // Beside the session's folder, not in it: a lock must outlive what it guards. The dot keeps the
  // folder out of the sessions' names.
  const Path locks = roots_.runtime / ".locks";
  fs::create_directories(locks);
  const Path path = locks / name;
  UniqueFd file(
      check("open", ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), path.native()));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return SessionLock(std::move(file));
  if (errno == EWOULDBLOCK) return std::nullopt;
  throw SystemError(errno, "flock", path.native());
}

std::optional<SessionLock> SessionStore::lock_within(const std::string& name,
                                                     std::chrono::milliseconds limit) const {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (true) {
    if (auto lock = try_lock(name)) return lock;
    if (std::chrono::steady_clock::now() >= end) return std::nullopt;
    std::this_thread::sleep_for(lock_pause);
  }
}

SessionLock SessionStore::lock(const std::string& name) const {
  if (auto lock = lock_within(name, looking_limit)) return std::move(*lock);
  throw Failure("", "another wayferry is working on session '" + name + "'",
                "wait until it has ended (wayferry ps shows the state)");
}

void SessionStore::create(const SessionRecord& record) const {
  const SessionFolders folders = this->folders(record.spec.name);
  const ContainerDirs container = folders.container();
  make_private_folder(folders.runtime);
  make_private_folder(folders.disk);
  fs::create_directories(folders.display());
  fs::create_directories(container.bundle);
  fs::create_directories(container.writable);
  fs::remove(notice(record.spec.name));
  save(record);
}

void SessionStore::leave_notice(const std::string& name, const std::string& text) const {
  fs::create_directories(notice(name).parent_path());
  write_file(notice(name), text);
}

void SessionStore::save(const SessionRecord& record) const {
  write_file(folders(record.spec.name).record(), to_json(record).dump(2) + "\n");
}

std::optional<SessionRecord> SessionStore::load(const std::string& name) const {
  const Path path = folders(name).record();
  const auto text = read_file(path);
  if (!text) return std::nullopt;
  return record_from_json(*text, path.native());
}

std::optional<Path> SessionStore::keep_log(const std::string& name, const Path& log) const {
  const Path kept = roots_.disk / "logs" / (name + "-" + log.filename().native());
  std::error_code problem;  // a log that cannot be kept must not hide what it is about
  fs::create_directories(kept.parent_path(), problem);
  fs::copy_file(log, kept, fs::copy_options::overwrite_existing, problem);
  if (problem) return std::nullopt;
  return kept;
}

SessionRecord SessionStore::require(const std::string& name) const {
  if (auto record = load(name)) return std::move(*record);
  if (const auto text = valid_session_name(name) ? read_file(notice(name)) : std::nullopt)
    throw Failure("", "session '" + name + "' has ended: " + *text);
  throw Failure("", "there is no session '" + name + "'", "wayferry ps lists them");
}

std::vector<std::string> SessionStore::names() const {
  std::vector<std::string> names;
  std::error_code missing;  // no folder yet: no sessions
  for (const auto& entry : fs::directory_iterator(roots_.runtime, missing))
    if (const std::string name = entry.path().filename(); valid_session_name(name))
      names.push_back(name);
  std::ranges::sort(names);
  return names;
}

void SessionStore::remove(const std::string& name) const {
  const SessionFolders folders = this->folders(name);
  // The record last: a half removed session is still one, and the next command removes the rest.
  // What a killed CRIU or runtime left mounted must not be emptied.
  for (const Path& folder : {folders.disk, folders.runtime}) unmount_below(folder);
  fs::remove_all(folders.disk);
  fs::remove_all(folders.display());
  fs::remove_all(folders.runtime);
}

}  // namespace wayferry
