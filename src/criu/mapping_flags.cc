// SPDX-License-Identifier: MIT
#include "criu/mapping_flags.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <optional>
#include <span>

#include "criu/kept_program.h"
#include "criu/mapping_flags_program.h"
#include "util/error.h"

namespace wayferry {
namespace {

/// The iterator, opened for one process.
UniqueFd iterate(const UniqueFd& program, pid_t process) {
  bpf_iter_link_info whom{};
  whom.task.tid = static_cast<uint32_t>(process);
  bpf_link_create_opts options{};
  options.sz = sizeof options;
  options.iter_info = &whom;
  options.iter_info_len = sizeof whom;
  const UniqueFd link(check("BPF_LINK_CREATE",
                            bpf_link_create(program.get(), 0, BPF_TRACE_ITER, &options),
                            "of an iterator over mappings"));
  return UniqueFd(check("BPF_ITER_CREATE", bpf_iter_create(link.get())));
}

// A kernel before 6.1 tells of all processes, one after the other.
struct Record {
  uint64_t process;  // in the kernel's own numbers
  FlaggedMapping mapping;
};

/// False if it does not lie behind the others. For the kernel's list may have no end: where
/// somebody wanted to change the mappings meanwhile, the kernel let him, begins again from there
/// once it was at the end, and so with every read (task_vma_seq_get_next() in Linux'
/// kernel/bpf/task_iter.c). The last one may have grown, which is told as one more.
bool append(const FlaggedMapping& mapping, std::vector<FlaggedMapping>& others) {
  if (others.empty() || mapping.start > others.back().start) {
    others.push_back(mapping);
    return true;
  }
  const bool has_grown = mapping.start == others.back().start && mapping.end > others.back().end;
  if (has_grown) others.back() = mapping;
  return has_grown;
}

}  // namespace

MappingFlags::MappingFlags(const Path& kept)
    : program_(load_iterator(mapping_flags_program(), kept)) {}

std::vector<FlaggedMapping> MappingFlags::of(pid_t process) const {
  const UniqueFd iterator = iterate(program_, process);
  std::vector<FlaggedMapping> mappings;
  std::optional<uint64_t> told_of;
  Record records[512];
  while (const size_t bytes = read_full(iterator.get(), std::as_writable_bytes(std::span(records))))
    for (const Record& record : std::span(records, bytes / sizeof(Record))) {
      if (told_of.value_or(record.process) != record.process)
        throw SystemError(EOPNOTSUPP, "BPF_LINK_CREATE", "of an iterator over one process");
      told_of = record.process;
      if (!append(record.mapping, mappings)) return mappings;
    }
  return mappings;
}

}  // namespace wayferry
