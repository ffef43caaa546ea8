// SPDX-License-Identifier: MIT
#include "criu/mapping_flags.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <optional>
#include <span>

#include "criu/mapping_flags_program.h"
#include "util/error.h"
#include "util/io.h"

namespace wayferry {
namespace {

struct Unlink {
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};

/// The iterator, opened for one process.
UniqueFd iterate(const bpf_object* object, pid_t process) {
  bpf_iter_link_info whom{};
  whom.task.tid = static_cast<uint32_t>(process);
  bpf_iter_attach_opts options{};
  options.sz = sizeof options;
  options.link_info = &whom;
  options.link_info_len = sizeof whom;
  const bpf_program* const program = bpf_object__next_program(object, nullptr);
  const std::unique_ptr<bpf_link, Unlink> link(bpf_program__attach_iter(program, &options));
  if (!link) throw SystemError(errno, "BPF_LINK_CREATE", "of an iterator over mappings");
  return UniqueFd(check("BPF_ITER_CREATE", bpf_iter_create(bpf_link__fd(link.get()))));
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

void MappingFlags::Close::operator()(bpf_object* object) const {
  bpf_object__close(object);
}

MappingFlags::MappingFlags() {
  libbpf_set_print(nullptr);  // what fails is told by who called us
  const auto program = mapping_flags_program();
  object_.reset(bpf_object__open_mem(program.data(), program.size(), nullptr));
  if (!object_ || bpf_object__load(object_.get()) != 0)
    throw SystemError(errno, "BPF_PROG_LOAD", "of an iterator over mappings");
}

std::vector<FlaggedMapping> MappingFlags::of(pid_t process) const {
  const UniqueFd iterator = iterate(object_.get(), process);
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
