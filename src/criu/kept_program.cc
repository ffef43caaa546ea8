// SPDX-License-Identifier: MIT
#include "criu/kept_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>

#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "util/error.h"
#include "util/log.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace wayferry {
namespace {

constexpr const char* license = "Dual MIT/GPL";

// Its build id and what else tells one kernel from all others (ABI/testing/sysfs-kernel-notes).
constexpr const char* kernels_notes = "/sys/kernel/notes";

struct Close {
  void operator()(bpf_object* object) const { bpf_object__close(object); }
};
using Object = std::unique_ptr<bpf_object, Close>;

struct KeptHead {
  XXH128_hash_t digest;  // of the kernel's notes, the ELF file, and all that follows here
  uint64_t attached_to;  // a type of the kernel's BTF, by its number
};

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Nothing if this kernel does not say which it is.
std::optional<XXH128_hash_t> digest_of(std::span<const std::byte> elf, uint64_t attached_to,
                                       std::string_view instructions) {
  const auto notes = read_file(kernels_notes);
  if (!notes || notes->empty()) return std::nullopt;
  const std::string all = *notes + std::string(text_of(elf)) + std::to_string(attached_to) + ":" +
                          std::string(instructions);
  return XXH3_128bits(all.data(), all.size());
}

UniqueFd load_kept(std::span<const std::byte> elf, const Path& kept) {
  const std::string text = read_file(kept).value_or("");
  KeptHead head{};
  if (text.size() <= sizeof head || (text.size() - sizeof head) % sizeof(bpf_insn) != 0) return {};
  std::memcpy(&head, text.data(), sizeof head);
  const std::string_view rest = std::string_view(text).substr(sizeof head);
  const auto digest = digest_of(elf, head.attached_to, rest);
  if (!digest || !XXH128_isEqual(*digest, head.digest)) return {};
  std::vector<bpf_insn> instructions(rest.size() / sizeof(bpf_insn));
  std::memcpy(instructions.data(), rest.data(), rest.size());
  bpf_prog_load_opts options{};
  options.sz = sizeof options;
  options.expected_attach_type = BPF_TRACE_ITER;
  options.attach_btf_id = static_cast<uint32_t>(head.attached_to);
  return UniqueFd(bpf_prog_load(BPF_PROG_TYPE_TRACING, "kept", license, instructions.data(),
                                instructions.size(), &options));
}

Object make_program(std::span<const std::byte> elf) {
  Object object(bpf_object__open_mem(elf.data(), elf.size(), nullptr));
  if (!object || bpf_object__load(object.get()) != 0)
    throw SystemError(errno, "BPF_PROG_LOAD", "of an iterator");
  return object;
}

void keep_program(const bpf_program* program, std::span<const std::byte> elf, const Path& kept) {
  bpf_prog_info info{};
  uint32_t size = sizeof info;
  if (bpf_prog_get_info_by_fd(bpf_program__fd(program), &info, &size) != 0) return;
  const std::span instructions(bpf_program__insns(program), bpf_program__insn_cnt(program));
  const std::string_view rest = text_of(std::as_bytes(instructions));
  const auto digest = digest_of(elf, info.attach_btf_id, rest);
  if (!digest || info.attach_btf_id == 0) return;
  KeptHead head{};
  head.digest = *digest;
  head.attached_to = info.attach_btf_id;
  std::string text(sizeof head, '\0');
  std::memcpy(text.data(), &head, sizeof head);
  try {
    write_file(kept, text.append(rest));
  } catch (const SystemError& error) {
    spdlog::debug("a BPF program is not kept, and takes 25 ms each time: {}", error.what());
  }
}

}  // namespace

UniqueFd load_iterator(std::span<const std::byte> elf, const Path& kept) {
  libbpf_set_print(nullptr);  // what fails is told by who called us
  if (UniqueFd program = load_kept(elf, kept)) return program;
  const Object object = make_program(elf);
  const bpf_program* const program = bpf_object__next_program(object.get(), nullptr);
  keep_program(program, elf, kept);
  return UniqueFd(check("F_DUPFD_CLOEXEC", ::fcntl(bpf_program__fd(program), F_DUPFD_CLOEXEC, 0)));
}

}  // namespace wayferry
