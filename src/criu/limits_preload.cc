// SPDX-License-Identifier: MIT
//
// What preload.h tells of: this is loaded into CRIU. It knows nothing of wayferry, and needs no
// library but the C one. CRIU asks with syscall() (dump_task_rlimits() in its cr-dump.c).

#include <dlfcn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

rlim_t number_in(const char* word) {
  return std::strncmp(word, "unlimited", 9) == 0 ? RLIM_INFINITY : std::strtoull(word, nullptr, 10);
}

/// From a line of /proc/PID/limits: a name of 25 characters, the soft and the hard limit.
bool read_limit(const char* line, rlimit& limit) {
  constexpr size_t name_width = 26;
  char soft[24];
  char hard[24];
  if (std::strlen(line) < name_width ||
      std::sscanf(line + name_width, "%23s %23s", soft, hard) != 2)
    return false;
  limit = {.rlim_cur = number_in(soft), .rlim_max = number_in(hard)};
  return true;
}

/// Everybody may read there what only the privileged are told by prlimit(2). Below a heading each
/// resource has its line, in the order of their numbers (proc_pid_limits() in Linux).
bool limit_of(pid_t process, int resource, rlimit& limit) {
  char path[40];
  std::snprintf(path, sizeof path, "/proc/%d/limits", process);
  std::FILE* const file = std::fopen(path, "re");
  if (!file) return false;
  char line[160];
  bool there = true;
  for (int i = 0; i <= resource + 1 && there; ++i) there = std::fgets(line, sizeof line, file);
  std::fclose(file);
  return there && read_limit(line, limit);
}

}  // namespace

extern "C" long syscall(long number, ...) noexcept {
  va_list rest;
  va_start(rest, number);
  long a[6];
  for (long& argument : a) argument = va_arg(rest, long);
  va_end(rest);
  static const auto below = reinterpret_cast<decltype(&syscall)>(::dlsym(RTLD_NEXT, "syscall"));
  const long result = below(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  if (number != SYS_prlimit64 || result == 0 || errno != EPERM || a[2] != 0) return result;
  if (limit_of(static_cast<pid_t>(a[0]), static_cast<int>(a[1]), *std::bit_cast<rlimit*>(a[3])))
    return 0;
  errno = EPERM;
  return -1;
}
