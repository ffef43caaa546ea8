// SPDX-License-Identifier: MIT
#include "engine/cgroup.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <sstream>
#include <thread>

#include "util/error.h"

namespace wayferry {
namespace {

using namespace std::chrono_literals;

// How often a state that changes within a millisecond or two is asked for.
constexpr auto poll_step = 500us;
// A process in a system call that cannot be interrupted (a dead network drive) never freezes.
constexpr auto freeze_limit = 5s;
// A vfork lasts until the child's exec: milliseconds, unless the child waits for something.
constexpr auto vfork_limit = 2s;
constexpr auto vfork_step = 2ms;

const Path mount_point = "/sys/fs/cgroup";

bool mounted_version_2() {
  struct statfs info{};
  check("statfs", ::statfs(mount_point.c_str(), &info), mount_point.native());
  return info.f_type == CGROUP2_SUPER_MAGIC;
}

// Like write_file, without its temporary file: a cgroup's files are no files.
void write_control(const Path& path, std::string_view text) {
  const UniqueFd fd(check("open", ::open(path.c_str(), O_WRONLY | O_CLOEXEC), path.native()));
  check("write", ::write(fd.get(), text.data(), text.size()), path.native());
}

void enter_folder(const Path& folder) {
  write_control(folder / "cgroup.procs", "0");
}

// The pids of one process in all namespaces from ours inwards, or none if it is gone.
std::vector<pid_t> namespace_pids(pid_t process) {
  const auto status = read_file("/proc/" + std::to_string(process) + "/status");
  constexpr std::string_view label = "\nNSpid:";
  const size_t at = status ? status->find(label) : std::string::npos;
  if (at == std::string::npos) return {};
  const size_t begin = at + label.size();
  std::istringstream words(status->substr(begin, status->find('\n', begin) - begin));
  std::vector<pid_t> pids;
  for (pid_t pid = 0; words >> pid;) pids.push_back(pid);
  return pids;
}

// Whether a frozen thread stands in a system call that makes a process: it would have left any of
// these by now, but for waiting until a vfork's child executes or ends.
bool waits_for_vfork(const Path& thread) {
  const auto line = read_file(thread / "syscall");
  if (!line || line->empty() || !std::isdigit(static_cast<unsigned char>(line->front())))
    return false;  // gone, or "running"
  const long number = std::stol(*line);
#ifdef SYS_vfork
  if (number == SYS_vfork) return true;
#endif
  return number == SYS_clone || number == SYS_clone3;
}

bool any_waits_for_vfork(const std::vector<pid_t>& processes) {
  for (const pid_t process : processes) {
    std::error_code gone;
    const Path threads = "/proc/" + std::to_string(process) + "/task";
    for (const auto& thread : std::filesystem::directory_iterator(threads, gone))
      if (waits_for_vfork(thread.path())) return true;
  }
  return false;
}

// The container's group in each mounted hierarchy. With version 1 these are the folders below the
// mount point, once each: others are links ("cpu" to "cpu,cpuacct").
std::vector<Path> all_folders(const std::string& container) {
  const std::string name = cgroup_path(container);
  if (mounted_version_2()) return {mount_point.native() + name};
  std::vector<Path> folders;
  for (const auto& entry : std::filesystem::directory_iterator(mount_point))
    if (!entry.is_symlink() && std::filesystem::exists(entry.path() / "cgroup.procs"))
      folders.push_back(entry.path().native() + name);
  return folders;
}

// A version 1 cpuset starts empty, and no process may enter an empty one.
void fill_cpuset(const Path& folder) {
  for (const char* setting : {"cpuset.cpus", "cpuset.mems"}) {
    const auto above = read_file(folder.parent_path() / setting);
    if (above && std::filesystem::exists(folder / setting)) write_control(folder / setting, *above);
  }
}

}  // namespace

std::string cgroup_path(const std::string& container) {
  return "/wayferry-" + container;
}

std::optional<pid_t> inner_pid(pid_t process) {
  const auto pids = namespace_pids(process);
  if (pids.empty()) return std::nullopt;
  return pids.back();
}

std::map<pid_t, pid_t> by_inner_pid(const std::vector<pid_t>& processes) {
  std::map<pid_t, pid_t> outer;
  for (const pid_t process : processes)
    if (const auto inner = inner_pid(process)) outer[*inner] = process;
  return outer;
}

void enter_cgroups(const std::string& container) {
  for (const Path& folder : all_folders(container)) {
    std::filesystem::create_directory(folder);
    if (!mounted_version_2()) fill_cpuset(folder);
    enter_folder(folder);
  }
}

std::vector<std::string> inside_cgroups(const std::string& container) {
  constexpr const char* enter =
      R"(while [ "$1" != -- ]; do echo 0 > "$1/cgroup.procs"; shift; done; shift; exec "$@")";
  std::vector<std::string> words = {"sh", "-euc", enter, "sh"};
  for (const Path& folder : all_folders(container)) words.push_back(folder.native());
  words.emplace_back("--");
  return words;
}

bool cgroup_versions_are_mixed() {
  const auto controllers = read_file(mount_point / "unified" / "cgroup.controllers");
  return !mounted_version_2() && controllers && !controllers->empty();
}

void remove_cgroups(const std::string& container) {
  for (const Path& folder : all_folders(container)) std::filesystem::remove(folder);
}

Cgroup::Cgroup(const std::string& container) : version_2_(mounted_version_2()) {
  folder_ = mount_point.native() + (version_2_ ? "" : "/freezer") + cgroup_path(container);
}

Cgroup Cgroup::of(pid_t process) {
  const bool version_2 = mounted_version_2();
  const Path top = mount_point.native() + (version_2 ? "" : "/freezer");
  // A line a hierarchy, "number:controllers:path" (cgroups(7)).
  const std::string_view label = version_2 ? "0::" : ":freezer:";
  std::istringstream lines(read_file("/proc/" + std::to_string(process) + "/cgroup").value_or(""));
  for (std::string line; std::getline(lines, line);)
    if (const size_t at = line.find(label); at != std::string::npos)
      return {top.native() + line.substr(at + label.size()), version_2};
  return {top / "wayferry-of-nobody", version_2};
}

void Cgroup::enter() const {
  enter_folder(folder_);
}

bool Cgroup::exists() const {
  return std::filesystem::exists(folder_);
}

std::vector<pid_t> Cgroup::processes() const {
  const auto text = read_file(folder_ / "cgroup.procs");
  if (!text) return {};
  std::istringstream lines(*text);
  std::vector<pid_t> processes;
  for (pid_t pid = 0; lines >> pid;) processes.push_back(pid);
  // A sandbox inside has an init of its own, deeper; ours is the one with the fewest namespaces.
  const auto depth = [](pid_t process) {
    const auto pids = namespace_pids(process);
    return !pids.empty() && pids.back() == 1 ? pids.size() : SIZE_MAX;
  };
  const auto init = std::ranges::min_element(processes, {}, depth);
  if (init != processes.end()) std::rotate(processes.begin(), init, init + 1);
  return processes;
}

void Cgroup::write_state(bool frozen) const {
  if (version_2_)
    write_control(folder_ / "cgroup.freeze", frozen ? "1" : "0");
  else
    write_control(folder_ / "freezer.state", frozen ? "FROZEN" : "THAWED");
}

bool Cgroup::frozen() const {
  const auto state = read_file(folder_ / (version_2_ ? "cgroup.events" : "freezer.state"));
  if (!state) return false;
  return version_2_ ? state->find("frozen 1") != std::string::npos : state->starts_with("FROZEN");
}

void Cgroup::freeze() const {
  if (!exists()) throw Failure("", "there is no running container with " + folder_.native());
  write_state(true);
  const auto end = std::chrono::steady_clock::now() + freeze_limit;
  while (!frozen()) {
    if (std::chrono::steady_clock::now() > end)
      throw Failure("", "the processes of the container could not be frozen",
                    "see which one is in state D: ps -eo pid,stat,wchan,comm");
    std::this_thread::sleep_for(poll_step);
  }
}

void Cgroup::freeze_outside_vfork() const {
  const auto end = std::chrono::steady_clock::now() + vfork_limit;
  freeze();
  while (any_waits_for_vfork(processes())) {
    write_state(false);
    if (std::chrono::steady_clock::now() > end)
      throw Failure("", "a process of the app is starting another and does not get done with it",
                    "try again in a moment");
    std::this_thread::sleep_for(vfork_step);
    freeze();
  }
}

void Cgroup::thaw() const {
  if (exists()) write_state(false);
}

}  // namespace wayferry
