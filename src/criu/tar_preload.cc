// SPDX-License-Identifier: MIT
//
// What preload.h tells of: this is loaded into CRIU. It knows nothing of wayferry, and needs no
// library but the C one. CRIU starts tar with execvp() in a child, with the archive as its standard
// output or input (tmpfs_dump() and tmpfs_restore() in its filesystems.c).

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

constexpr std::string_view compress = "--gzip";
constexpr size_t most_arguments = 32;

// By a CRIU without this library: one that is linked statically, or below an engine that restores
// by itself.
bool is_compressed(int archive) {
  unsigned char magic[2] = {};
  const off_t at = ::lseek(archive, 0, SEEK_CUR);
  return at >= 0 && ::pread(archive, magic, sizeof magic, at) == sizeof magic && magic[0] == 0x1f &&
         magic[1] == 0x8b;
}

bool has(char* const* arguments, std::string_view word) {
  for (; *arguments; ++arguments)
    if (*arguments == word) return true;
  return false;
}

}  // namespace

extern "C" int execvp(const char* program, char* const arguments[]) noexcept {
  static const auto below = reinterpret_cast<decltype(&execvp)>(::dlsym(RTLD_NEXT, "execvp"));
  if (std::strcmp(program, "tar") != 0) return below(program, arguments);
  ::unsetenv("LD_PRELOAD");  // tar needs none of us, and starts the faster
  const bool packs = has(arguments, "--create");
  if (!packs && is_compressed(STDIN_FILENO)) return below(program, arguments);
  char* plain[most_arguments] = {};
  size_t count = 0;
  for (; *arguments; ++arguments) {
    if (*arguments == compress) continue;
    if (count + 1 == most_arguments) return below(program, arguments);
    plain[count++] = *arguments;
  }
  return below(program, plain);
}
