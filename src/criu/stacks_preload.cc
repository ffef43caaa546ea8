// SPDX-License-Identifier: MIT
//
// What stack_pointers.h tells of: this is loaded into CRIU for the dump of an app with a misleading
// stack pointer. It knows nothing of wayferry, and needs no library but the C one. CRIU reads and
// writes a thread's general registers with these two requests only (ptrace_get_regs() and
// ptrace_set_regs() in compel's infect.c).

#include <dlfcn.h>
#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "criu/stack_mark.h"

namespace {

#if defined(__x86_64__)
constexpr size_t pointer_offset = offsetof(user_regs_struct, rsp);
#elif defined(__aarch64__)
constexpr size_t pointer_offset = offsetof(user_regs_struct, sp);
#endif

// What a request reads or writes, if it is the general registers; a 32 bit process has fewer.
unsigned char* pointer_in(void* data) {
  const auto& registers = *static_cast<const iovec*>(data);
  if (registers.iov_len != sizeof(user_regs_struct)) return nullptr;
  return static_cast<unsigned char*>(registers.iov_base) + pointer_offset;
}

void change(void* data, uint64_t (*changed)(uint64_t)) {
  unsigned char* const place = pointer_in(data);
  if (!place) return;
  uint64_t pointer = 0;
  std::memcpy(&pointer, place, sizeof pointer);
  pointer = changed(pointer);
  std::memcpy(place, &pointer, sizeof pointer);
}

}  // namespace

extern "C" long ptrace(__ptrace_request request, ...) noexcept {
  va_list rest;
  va_start(rest, request);
  const pid_t pid = va_arg(rest, pid_t);
  void* const address = va_arg(rest, void*);
  void* const data = va_arg(rest, void*);
  va_end(rest);
  static const auto below = reinterpret_cast<decltype(&ptrace)>(::dlsym(RTLD_NEXT, "ptrace"));
  const bool general = address == reinterpret_cast<void*>(NT_PRSTATUS);
  const bool sets = general && request == PTRACE_SETREGSET;
  if (sets) change(data, wayferry::unmarked);
  const long result = below(request, pid, address, data);
  // After a write these are the caller's own again, who may use them another time.
  if (sets || (general && request == PTRACE_GETREGSET && result >= 0))
    change(data, wayferry::marked);
  return result;
}
