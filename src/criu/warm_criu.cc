// SPDX-License-Identifier: MIT
#include "criu/warm_criu.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "criu/features.h"
#include "criu/programs.h"
#include "util/io.h"

namespace wayferry {
namespace {

// KERNDAT_CACHE_FILE in CRIU's kerndat.c. Where it was built to keep them elsewhere, they are asked
// for in vain.
constexpr const char* kernel_features = "/run/criu.kdat";

// Of this process, counting nothing: enough for the kernel to know that there is one.
UniqueFd open_event() {
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.config = PERF_COUNT_SW_DUMMY;
  attributes.disabled = 1;
  attributes.exclude_kernel = 1;
  return UniqueFd(static_cast<int>(
      ::syscall(SYS_perf_event_open, &attributes, ::getpid(), -1, -1, PERF_FLAG_FD_CLOEXEC)));
}

}  // namespace

WarmCriu::WarmCriu()
    : event_(std::async(std::launch::async, [] {
        if (find_program("criu") && !std::filesystem::exists(kernel_features)) criu_check_failure();
        return open_event();
      })) {}

}  // namespace wayferry
