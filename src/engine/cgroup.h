// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "util/io.h"

// The control group of one container: who is in it, and the freezer. `runc pause`, `runc resume`
// and `runc ps` do no more than read and write the same files, but starting runc costs 10 ms each
// time, and all three stand in a move's downtime. Works with cgroup version 2, and with version 1's
// freezer (also when both are mounted: engines then use version 1).

namespace wayferry {

/// The group's path in every hierarchy, as it stands in config.json. Not in a folder shared by all
/// sessions: nobody could say when to remove that.
std::string cgroup_path(const std::string& container);

class Cgroup {
 public:
  explicit Cgroup(const std::string& container);

  /// The group that a process is in, wherever an engine put it. Without such a process the result
  /// is a group that does not exist.
  static Cgroup of(pid_t process);

  /// The host's pids of all processes in it, init first. Empty if there is no such group.
  std::vector<pid_t> processes() const;

  /// Stops every process where it stands. Returns when all stand still; throws Failure if they do
  /// not. freeze_outside_vfork() tries again until none stands in the middle of a vfork, because
  /// CRIU could not seize that one.
  void freeze() const;
  void freeze_outside_vfork() const;
  void thaw() const;
  bool frozen() const;
  bool exists() const;
  /// Puts the calling process into it. Throws SystemError.
  void enter() const;
  bool is_version_2() const { return version_2_; }

 private:
  Cgroup(Path folder, bool version_2) : folder_(std::move(folder)), version_2_(version_2) {}
  void write_state(bool frozen) const;

  Path folder_;
  bool version_2_;
};

/// Puts the calling process into the container's group in every hierarchy, made if not there.
void enter_cgroups(const std::string& container);

/// The command that runs another from inside the group.
std::vector<std::string> inside_cgroups(const std::string& container);

/// Whether version 2's control groups are mounted beside version 1's, and have controllers.
bool cgroup_versions_are_mixed();

/// Removes the group from every hierarchy; nobody may be in it any more.
void remove_cgroups(const std::string& container);

/// The pid of a process inside its innermost PID namespace; nothing if it is gone.
std::optional<pid_t> inner_pid(pid_t process);

/// Those of them that are still there, by that pid.
std::map<pid_t, pid_t> by_inner_pid(const std::vector<pid_t>& processes);

}  // namespace wayferry
