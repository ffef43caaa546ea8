// SPDX-License-Identifier: MIT
#include "engine/stopped.h"

#include <signal.h>

#include <sstream>

#include "criu/image.h"

namespace wayferry {
namespace {

constexpr const char* note_name = "wayferry-stopped";

bool sleeps_stopped(pid_t process) {
  return read_file("/proc/" + std::to_string(process) + "/wchan") == "do_signal_stop";
}

}  // namespace

LiftedStops::LiftedStops(const Cgroup& group) {
  if (group.is_version_2()) return;
  for (const pid_t process : group.processes())
    if (sleeps_stopped(process)) processes_.push_back(process);
  for (const pid_t process : processes_) ::kill(process, SIGCONT);
}

LiftedStops::~LiftedStops() {
  for (const pid_t process : processes_) ::kill(process, SIGSTOP);
}

void LiftedStops::write(const Path& images) const {
  if (processes_.empty()) return;
  std::string note;
  for (const pid_t process : processes_)
    if (const auto inner = inner_pid(process)) note += std::to_string(*inner) + "\n";
  write_file(images / note_name, note);
}

std::set<pid_t> stopped_in_checkpoint(const Path& images) {
  std::set<pid_t> stopped = stopped_processes(images);
  std::istringstream note(read_file(images / note_name).value_or(""));
  for (pid_t pid = 0; note >> pid;) stopped.insert(pid);
  return stopped;
}

}  // namespace wayferry
