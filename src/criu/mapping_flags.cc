// SPDX-License-Identifier: MIT
#include "criu/mapping_flags.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cstring>

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
  const std::string bytes = read_to_end(iterate(object_.get(), process).get());
  std::vector<FlaggedMapping> mappings(bytes.size() / sizeof(FlaggedMapping));
  if (!mappings.empty())
    std::memcpy(mappings.data(), bytes.data(), mappings.size() * sizeof(FlaggedMapping));
  // A kernel before 6.1 tells of all processes, one after the other.
  if (!std::ranges::is_sorted(mappings, {}, &FlaggedMapping::start))
    throw SystemError(EOPNOTSUPP, "BPF_LINK_CREATE", "of an iterator over one process");
  return mappings;
}

}  // namespace wayferry
