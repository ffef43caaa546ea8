// SPDX-License-Identifier: MIT
#include "criu/flag_names.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "criu/pagemap.h"
#include "criu/smaps.h"
#include "util/error.h"
#include "util/io.h"
#include "util/unique_fd.h"

namespace wayferry {
namespace {

using Names = std::set<std::string>;

Names split(const std::string& names) {
  std::istringstream words(names);
  Names result;
  for (std::string word; words >> word;) result.insert(word);
  return result;
}

std::string join(const Names& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " ") + name;
  return text;
}

// In which of the examples something is. A bit and a name that are in the same ones are the same
// thing if neither another bit nor another name is in just these.
using Presence = std::vector<bool>;

}  // namespace

FlagNames::FlagNames(const std::vector<FlagExample>& examples) {
  std::map<Presence, std::vector<Bits>> bits;
  for (int i = 0; i < 64; ++i) {
    const Bits bit = Bits{1} << i;
    Presence in;
    for (const FlagExample& example : examples) in.push_back((example.flags & bit) != 0);
    bits[in].push_back(bit);
  }
  std::map<std::string, Presence> presence;
  for (size_t i = 0; i < examples.size(); ++i) {
    const Names names = split(examples[i].names);
    whole_[examples[i].flags] = join(names);
    for (const std::string& name : names) {
      presence[name].resize(examples.size());
      presence[name][i] = true;
    }
  }
  std::map<Presence, std::vector<std::string>> names;
  for (const auto& [name, in] : presence) names[in].push_back(name);
  for (const auto& [in, of] : bits) {
    const bool seen = std::ranges::contains(in, true);
    if (!seen || of.size() != 1 || names[in].size() > 1) continue;
    single_[of[0]] = names[in].empty() ? "" : names[in][0];
  }
}

std::optional<std::string> FlagNames::of(uint64_t flags) const {
  // An example, and what is more or less than there, if each bit of that is known by itself.
  for (const auto& [example, text] : whole_) {
    Bits differs = example ^ flags;
    Names names = split(text);
    for (; differs != 0; differs &= differs - 1) {
      const Bits bit = differs & -differs;
      const auto name = single_.find(bit);
      if (name == single_.end()) break;
      if (name->second.empty()) continue;
      if (flags & bit)
        names.insert(name->second);
      else
        names.erase(name->second);
    }
    if (differs == 0) return join(names);
  }
  return std::nullopt;
}

namespace {

// A page, as an app may have it.
struct Specimen {
  int rights = PROT_READ | PROT_WRITE;
  int kind = MAP_PRIVATE | MAP_ANONYMOUS;
  int advice = 0;  // for madvise(2)
};

// All that CRIU looks for (parse_vma_vmflags() in its proc_parse.c), and what tells the rights from
// each other. What a kernel does not know is not in its smaps either.
constexpr Specimen specimens[] = {
    {},
    {.rights = PROT_NONE},
    {.rights = PROT_READ},
    {.rights = PROT_EXEC},
    {.kind = MAP_SHARED | MAP_ANONYMOUS},
    {.rights = PROT_READ, .kind = MAP_SHARED},  // of a file
    {.rights = PROT_READ, .kind = MAP_PRIVATE},
    {.kind = map_droppable | MAP_ANONYMOUS},
    {.kind = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE},
    {.kind = MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN},
    {.kind = MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED},
    {.advice = MADV_RANDOM},
    {.advice = MADV_SEQUENTIAL},
    {.advice = MADV_DONTFORK},
    {.advice = MADV_DONTDUMP},
    {.advice = MADV_WIPEONFORK},
    {.advice = MADV_HUGEPAGE},
    {.advice = MADV_NOHUGEPAGE},
    {.advice = MADV_MERGEABLE},
};

/// Mappings of ours with all these, for as long as it lives.
class Specimens {
 public:
  Specimens() {
    const UniqueFd file(check("open", ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)));
    for (const Specimen& specimen : specimens) {
      const int fd = specimen.kind & MAP_ANONYMOUS ? -1 : file.get();
      void* const page = ::mmap(nullptr, page_size, specimen.rights, specimen.kind, fd, 0);
      if (page == MAP_FAILED) continue;
      ::madvise(page, page_size, specimen.advice);
      pages_.push_back(page);
    }
  }
  Specimens(const Specimens&) = delete;
  Specimens& operator=(const Specimens&) = delete;
  ~Specimens() {
    for (void* const page : pages_) ::munmap(page, page_size);
  }

 private:
  std::vector<void*> pages_;
};

}  // namespace

FlagNames learn_flag_names(const MappingFlags& kernel) {
  const Specimens made;
  const auto before = kernel.of(::getpid());
  const std::string smaps = read_file("/proc/self/smaps").value_or("");
  const auto after = kernel.of(::getpid());
  std::map<uint64_t, std::string_view> named;
  for (const SmapsEntry& entry : parse_smaps(smaps)) named[entry.range.start] = entry.flags;
  std::vector<FlagExample> examples;
  // Other threads of ours may make mappings meanwhile, and end them.
  for (const FlaggedMapping& mapping : before)
    if (std::ranges::contains(after, mapping) && named.contains(mapping.start))
      examples.push_back({.flags = mapping.flags, .names = std::string(named[mapping.start])});
  return FlagNames(examples);
}

}  // namespace wayferry
