// SPDX-License-Identifier: MIT
#include "move/facts.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <sstream>

#include "criu/features.h"
#include "criu/host_checks.h"
#include "move/host.h"
#include "move/image_folder.h"
#include "util/error.h"

namespace wayferry {
namespace {

// What compilers and libraries (glibc's ifuncs first of all) choose code by, and what the saved
// registers depend on. x86: arch/x86/include/asm/cpufeatures.h; ARM64: Documentation/arch/arm64.
constexpr std::array<std::string_view, 48> x86_features{
    "sse",      "sse2",     "pni",        "ssse3",     "sse4_1",      "sse4_2",      "sse4a",
    "avx",      "avx2",     "f16c",       "fma",       "bmi1",        "bmi2",        "abm",
    "popcnt",   "movbe",    "aes",        "pclmulqdq", "rdrand",      "rdseed",      "adx",
    "sha_ni",   "vaes",     "vpclmulqdq", "gfni",      "xsave",       "xsaveopt",    "xsavec",
    "avx512f",  "avx512dq", "avx512cd",   "avx512bw",  "avx512vl",    "avx512ifma",  "avx512vbmi",
    "avx_vnni", "amx_tile", "amx_int8",   "amx_bf16",  "avx512_vnni", "avx512_bf16", "clflushopt",
    "clwb",     "fsgsbase", "erms",       "fsrm",      "rdtscp",      "pku"};

std::string after_colon(const std::string& line) {
  const size_t colon = line.find(':');
  return colon == line.npos ? "" : line.substr(colon + 1);
}

/// Of the lines with these labels, of a file in which the kernel tells kilobytes: bytes.
uint64_t sum_of(const std::string& text, std::initializer_list<std::string_view> labels) {
  uint64_t sum = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (std::ranges::any_of(labels,
                            [&](std::string_view label) { return line.starts_with(label); }))
      sum += std::stoull(after_colon(line)) << 10;
  return sum;
}

std::string criu_version(const Path& kept) {
  try {
    const auto version = installed_criu(kept);
    return version ? to_string(*version) : "";
  } catch (const SystemError&) {
    return "";  // cannot be started: an answer, and the check will say so
  }
}

Path existing_parent(Path path) {
  while (!std::filesystem::exists(path)) path = path.parent_path();
  return path;
}

}  // namespace

std::string this_host() {
  utsname names{};
  check("uname", ::uname(&names));
  return names.nodename;
}

std::vector<std::string> instruction_sets(const std::string& cpuinfo) {
  std::vector<std::string> features;
  std::istringstream lines(cpuinfo);
  for (std::string line; std::getline(lines, line);) {
    const bool x86 = line.starts_with("flags");
    if (!x86 && !line.starts_with("Features")) continue;
    std::istringstream words(after_colon(line));
    for (std::string word; words >> word;)
      if (!x86 || std::ranges::find(x86_features, word) != x86_features.end())
        features.push_back(word);
    break;  // every processor of a machine has the same line
  }
  return features;
}

MemoryNeeds memory_of(const std::vector<pid_t>& pids) {
  MemoryNeeds needs;
  for (const pid_t pid : pids) {
    const auto status = read_file("/proc/" + std::to_string(pid) + "/status");
    if (!status) continue;  // it has ended meanwhile
    needs.eager += sum_of(*status, {"RssAnon:", "RssShmem:"});
    needs.lazy += sum_of(*status, {"VmLck:", "RssShmem:"});
    needs.following += sum_of(*status, {"RssAnon:", "VmSwap:"});
  }
  return needs;
}

transfer::Facts gather_facts(const Roots& roots) {
  transfer::Facts facts;
  utsname names{};
  check("uname", ::uname(&names));
  facts.set_architecture(names.machine);
  for (std::string& feature : instruction_sets(read_file("/proc/cpuinfo").value_or("")))
    facts.add_cpu_features(std::move(feature));
  facts.set_criu_version(criu_version(roots.runtime / ".criu-version"));
  const uint64_t disk = free_bytes(existing_parent(roots.disk));
  // Images go to memory or, if that is too small, to the disk.
  facts.set_images_free(std::max(free_bytes(existing_parent(roots.runtime)), disk));
  facts.set_disk_free(disk);
  facts.set_memory_free(
      sum_of(read_file("/proc/meminfo").value_or(""), {"MemAvailable:", "SwapFree:"}));
  for (const HostCheck& check : check_for_lazy()) {
    if (check.ok) continue;
    facts.add_lazy_obstacles()->set_text(check.name + ": " + check.detail);
    facts.mutable_lazy_obstacles()->rbegin()->set_cure(check.cure);
  }
  return facts;
}

}  // namespace wayferry
