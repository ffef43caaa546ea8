// SPDX-License-Identifier: MIT
#include <dlfcn.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <thread>

#include "criu/cut_mappings.h"
#include "criu/flag_names.h"
#include "criu/left_out.h"
#include "criu/left_out_list.h"
#include "criu/pagemap.h"
#include "criu/short_smaps.h"
#include "criu/smaps.h"
#include "fake/temporary_folder.h"
#include "util/error.h"
#include "util/io.h"

namespace wayferry {
namespace {

TEST(FlagNames, AreThoseOfAnExample) {
  const FlagNames names({{.flags = 0x71, .names = "rd mr mw me"}});
  EXPECT_EQ(names.of(0x71), "me mr mw rd");
  EXPECT_EQ(names.of(0x73), std::nullopt);
}

TEST(FlagNames, AreToldApartByWhereTheyAre) {
  const FlagNames names({{.flags = 0b0011, .names = "rd wr"},
                         {.flags = 0b0001, .names = "rd"},
                         {.flags = 0b0111, .names = "rd wr ac"}});
  EXPECT_EQ(names.of(0b0101), "ac rd");
}

TEST(FlagNames, AreNotGuessedOfTwoThatAreAlwaysTogether) {
  const FlagNames names({{.flags = 0b001, .names = "rd"}, {.flags = 0b111, .names = "ac rd wr"}});
  EXPECT_EQ(names.of(0b111), "ac rd wr");
  EXPECT_EQ(names.of(0b101), std::nullopt);
  EXPECT_EQ(names.of(0b1001), std::nullopt);
}

TEST(FlagNames, MayBeMissing) {
  const FlagNames names({{.flags = 0b011, .names = "rd"},
                         {.flags = 0b001, .names = "rd"},
                         {.flags = 0b101, .names = "rd wr"}});
  EXPECT_EQ(names.of(0b111), "rd wr");
}

TEST(Smaps, AreReadWithAndWithoutFlags) {
  constexpr std::string_view text =
      "1000-3000 rw-p 00000000 00:00 0 \n"
      "Size:                  8 kB\n"
      "VmFlags: rd wr mr mw me ac \n"
      "7f00-8f00 r--s 00000000 fe:01 12    /usr/lib/a file: 1-2\n";
  const auto entries = parse_smaps(text);
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].range, (Mapping{.start = 0x1000, .end = 0x3000}));
  EXPECT_EQ(entries[0].line, "1000-3000 rw-p 00000000 00:00 0 ");
  EXPECT_EQ(entries[0].flags, "rd wr mr mw me ac");
  EXPECT_EQ(entries[1].flags, "");
}

// A process with one mapping of each kind that CRIU treats in its own way, which then stands still.
class ShortSmapsTest : public testing::Test {
 protected:
  static constexpr int kinds[] = {0, MAP_NORESERVE, MAP_GROWSDOWN, MAP_LOCKED};
  static constexpr int advices[] = {MADV_DONTFORK, MADV_DONTDUMP,   MADV_WIPEONFORK,
                                    MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_MERGEABLE,
                                    MADV_RANDOM,   MADV_SEQUENTIAL};

  void SetUp() override {
    try {
      smaps_.emplace(kept());
    } catch (const SystemError& error) {
      GTEST_SKIP() << "this kernel does not tell mappings' flags: " << error.what();
    }
    child_ = check("fork", ::fork());
    if (child_ != 0) return;
    for (const int kind : kinds)
      for (const int advice : advices) {
        void* const at =
            ::mmap(nullptr, page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | kind, -1, 0);
        ::madvise(at, page_size, advice);
      }
    // Not before Linux 6.11.
    [[maybe_unused]] const void* const droppable =
        ::mmap(nullptr, page_size, PROT_READ | PROT_WRITE, map_droppable | MAP_ANONYMOUS, -1, 0);
    ::raise(SIGSTOP);
    ::_exit(0);
  }
  void TearDown() override {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }

  Path kept() const { return folder_.path() / "kept"; }

  fake::TemporaryFolder folder_;
  std::optional<ShortSmaps> smaps_;
  pid_t child_ = 0;
};

// Those that whoever has asked glibc for something random has, as this process may have.
void unmap_droppable_pages() {
  const std::string smaps = read_file("/proc/self/smaps").value();
  for (const SmapsEntry& entry : parse_smaps(smaps))
    if (entry.flags.contains("dp"))
      ::munmap(reinterpret_cast<void*>(entry.range.start), entry.range.end - entry.range.start);
}

/// Whether a process that has no such page of its own learns what its flags are called.
bool learns_droppable_pages(const Path& kept) {
  unmap_droppable_pages();
  const MappingFlags kernel(kept);
  const FlagNames names = learn_flag_names(kernel);
  constexpr int rights = PROT_READ | PROT_WRITE;
  void* const page = ::mmap(nullptr, page_size, rights, map_droppable | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return true;  // Linux before 6.11
  for (const FlaggedMapping& mapping : kernel.of(::getpid()))
    if (mapping.start == reinterpret_cast<uint64_t>(page))
      return names.of(mapping.flags).value_or("").contains("dp");
  return false;
}

TEST_F(ShortSmapsTest, KnowPagesThatTheKernelMayDrop) {
  const pid_t child = check("fork", ::fork());
  if (child == 0) ::_exit(learns_droppable_pages(kept()) ? EXIT_SUCCESS : EXIT_FAILURE);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

std::string in_order(std::string_view names) {
  std::istringstream words{std::string(names)};
  std::vector<std::string> all;
  for (std::string word; words >> word;) all.push_back(word);
  std::ranges::sort(all);
  std::string text;
  for (const std::string& word : all) text += word + " ";
  return text;
}

TEST_F(ShortSmapsTest, SayOfEachMappingWhatTheLongOnesSay) {
  ASSERT_EQ(::waitpid(child_, nullptr, WUNTRACED), child_);
  const auto text = smaps_->of(child_);
  ASSERT_TRUE(text);
  const std::string real = read_file("/proc/" + std::to_string(child_) + "/smaps").value();
  const auto ours = parse_smaps(*text);
  const auto kernels = parse_smaps(real);
  ASSERT_EQ(ours.size(), kernels.size());
  for (size_t i = 0; i < ours.size(); ++i) {
    EXPECT_EQ(ours[i].line, kernels[i].line);
    EXPECT_EQ(in_order(ours[i].flags), in_order(kernels[i].flags)) << ours[i].line;
  }
}

/// Another one after the file has been written again.
ino_t identity_of(const Path& file) {
  struct stat info{};
  check("stat", ::stat(file.c_str(), &info), file.native());
  return info.st_ino;
}

TEST_F(ShortSmapsTest, ComeFromAProgramThatIsMadeOnce) {
  ASSERT_EQ(::waitpid(child_, nullptr, WUNTRACED), child_);
  const auto first = MappingFlags(kept()).of(child_);
  EXPECT_FALSE(first.empty());
  const ino_t written = identity_of(kept());
  EXPECT_EQ(MappingFlags(kept()).of(child_), first);
  EXPECT_EQ(identity_of(kept()), written);
}

TEST_F(ShortSmapsTest, ComeFromNoProgramThatIsNotOurs) {
  ASSERT_EQ(::waitpid(child_, nullptr, WUNTRACED), child_);
  const auto flags = MappingFlags(kept()).of(child_);
  const std::string whole = read_file(kept()).value();
  for (size_t damaged = 0; damaged < whole.size(); damaged += 5) {
    std::string other = whole;
    other[damaged] ^= 1;
    std::ofstream(kept()) << other;
    EXPECT_EQ(MappingFlags(kept()).of(child_), flags);
    EXPECT_EQ(read_file(kept()), whole);
  }
  std::ofstream(kept()) << whole.substr(0, whole.size() / 2);
  EXPECT_EQ(MappingFlags(kept()).of(child_), flags);
  EXPECT_EQ(MappingFlags(folder_.path() / "no" / "such" / "folder").of(child_), flags);
}

// The kernel's iterator forgets that it was at the end, if it let somebody in who wanted to change
// the mappings meanwhile, and tells them again from there.
TEST_F(ShortSmapsTest, EndAlthoughMappingsComeAndGo) {
  const MappingFlags kernel(kept());
  std::jthread changing([](const std::stop_token& stop) {
    while (!stop.stop_requested())
      ::munmap(::mmap(nullptr, page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
               page_size);
  });
  for (int i = 0; i < 2000; ++i) {
    const auto mappings = kernel.of(::getpid());
    EXPECT_FALSE(mappings.empty());
    EXPECT_TRUE(std::ranges::is_sorted(mappings, {}, &FlaggedMapping::start));
  }
}

// The library as it is in CRIU, which opens a process's files from its folder.
std::string read_through_library(const Path& left_out, pid_t process) {
  ::setenv(left_out_variable, left_out.c_str(), 1);
  void* const library = ::dlopen(PAGES_LIBRARY, RTLD_NOW);
  CHECK(library);
  const auto open_below =
      reinterpret_cast<int (*)(int, const char*, int, ...)>(::dlsym(library, "openat64"));
  const Path folder = "/proc/" + std::to_string(process);
  const UniqueFd at(check("open", ::open(folder.c_str(), O_PATH | O_CLOEXEC)));
  const UniqueFd file(check("openat", open_below(at.get(), "smaps", O_RDONLY | O_CLOEXEC)));
  return read_to_end(file.get());
}

TEST_F(ShortSmapsTest, AreWhatCriuReads) {
  ASSERT_EQ(::waitpid(child_, nullptr, WUNTRACED), child_);
  const Path folder = std::filesystem::temp_directory_path() / ("smaps-" + std::to_string(child_));
  {
    const LeftOut left_out({{1, child_}}, folder, &*smaps_, {});
    EXPECT_EQ(read_through_library(folder, child_),
              cut_large_mappings(smaps_->of(child_).value()).text);
    EXPECT_TRUE(read_through_library(folder, ::getpid()).contains("Rss:"));
  }
  std::filesystem::remove_all(folder);
}

TEST_F(ShortSmapsTest, AreNotThereOfWhoHasEnded) {
  const pid_t ended = child_;
  TearDown();
  child_ = 0;
  EXPECT_EQ(smaps_->of(ended), std::nullopt);
}

}  // namespace
}  // namespace wayferry
