// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "criu/fields.h"
#include "criu/left_out.h"
#include "criu/left_out_list.h"
#include "criu/memory_image.h"
#include "util/error.h"

namespace wayferry {
namespace {

constexpr uint32_t pagemap_magic = 0x56084025;
constexpr uint32_t mm_magic = 0x57492820;

// Pages of our own, between two that nothing can be next to.
class Memory {
 public:
  explicit Memory(int kind = MAP_PRIVATE, size_t count = 10)
      : count_(count),
        all_(static_cast<char*>(::mmap(nullptr, (count + 2) * page_size, PROT_NONE,
                                       kind | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {
    ::madvise(all_, (count + 2) * page_size, MADV_NOHUGEPAGE);
    ::mprotect(all_ + page_size, count * page_size, PROT_READ | PROT_WRITE);
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() { ::munmap(all_, (count_ + 2) * page_size); }

  char* page(size_t number) const { return all_ + (1 + number) * page_size; }
  uint64_t address(size_t number) const { return reinterpret_cast<uint64_t>(page(number)); }
  Mapping mapping() const { return {.start = address(0), .end = address(count_)}; }
  void write(size_t number) { *page(number) = 1; }
  char read(size_t number) const { return *static_cast<volatile char*>(page(number)); }

 private:
  size_t count_;
  char* all_;
};

bool is_lazy(const Memory& memory) {
  return std::ranges::contains(lazy_mappings(::getpid()), memory.mapping());
}

TEST(ProcessMemory, IsLazyWhereItIsPrivateAndAnonymous) {
  const Memory own;
  const Memory shared(MAP_SHARED);
  EXPECT_TRUE(is_lazy(own));
  EXPECT_FALSE(is_lazy(shared));
}

TEST(ProcessMemory, IsNotLazyWhereItIsLocked) {
  const Memory own;
  const Memory locked;
  // Not by mlock(), which the address sanitizer keeps to itself.
  ASSERT_EQ(::syscall(SYS_mlock, locked.page(0), 10 * page_size), 0);
  EXPECT_TRUE(is_lazy(own));
  EXPECT_FALSE(is_lazy(locked));
}

TEST(ProcessMemory, HasThePagesThatWereWritten) {
  Memory memory;
  for (const size_t number : {2U, 3U, 7U}) memory.write(number);
  const std::vector<PageRange> written{{.start = memory.address(2), .pages = 2},
                                       {.start = memory.address(7), .pages = 1}};
  for (const PageScan way : {PageScan::by_kernel, PageScan::by_entry})
    EXPECT_EQ(pages_in(::getpid(), {memory.mapping()}, {}, way), written);
}

// More than one question brings, in the middle of what no app has the memory for.
TEST(ProcessMemory, IsFoundInWhatIsOnlyReserved) {
  constexpr uint64_t terabyte = uint64_t{1} << 40;
  constexpr uint64_t count = 3000;
  void* const reserved = ::mmap(nullptr, terabyte, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(reserved, MAP_FAILED);
  char* const middle = static_cast<char*>(reserved) + terabyte / 2;
  ::madvise(reserved, terabyte, MADV_NOHUGEPAGE);
  std::fill_n(middle, count * page_size, '1');
  const auto start = reinterpret_cast<uint64_t>(reserved);
  const std::vector<PageRange> written{{.start = start + terabyte / 2, .pages = count}};
  EXPECT_EQ(pages_in(::getpid(), {{.start = start, .end = start + terabyte}}), written);
  ::munmap(reserved, terabyte);
}

TEST(ProcessMemory, IsFoundPageByPage) {
  Memory memory(MAP_PRIVATE, 2000);
  for (const size_t number : {2U, 3U, 1700U}) memory.write(number);
  const auto part = [&](size_t from, size_t to) {
    return Mapping{.start = memory.address(from), .end = memory.address(to)};
  };
  for (const PageScan way : {PageScan::by_kernel, PageScan::by_entry}) {
    const PageFinder finder(::getpid(), way);
    EXPECT_EQ(finder.first_in(part(0, 2000)), memory.address(2));
    EXPECT_EQ(finder.first_in(part(3, 2000)), memory.address(3));
    EXPECT_EQ(finder.first_in(part(4, 2000)), memory.address(1700));
    EXPECT_EQ(finder.first_in(part(4, 1700)), std::nullopt);
    EXPECT_EQ(finder.first_in(part(2, 2)), std::nullopt);
  }
}

TEST(ProcessMemory, HasNoPagesThatWereOnlyReadAsFarAsTheKernelTells) {
  const Memory memory;
  EXPECT_EQ(memory.read(5), 0);
  EXPECT_TRUE(pages_in(::getpid(), {memory.mapping()}).empty());
}

TEST(ProcessMemory, HasNoGuardPages) {
  if (!kernel_tells_guards()) GTEST_SKIP() << "this kernel tells of no guard pages";
  Memory memory;
  for (const size_t number : {2U, 3U, 4U}) memory.write(number);
  EXPECT_FALSE(see_pages(::getpid(), {memory.mapping()}).guards);
  ASSERT_EQ(::madvise(memory.page(3), 3 * page_size, guard_install), 0);
  EXPECT_TRUE(see_pages(::getpid(), {memory.mapping()}).guards);
  const std::vector<PageRange> kept{{.start = memory.address(2), .pages = 1}};
  for (const PageScan way : {PageScan::by_kernel, PageScan::by_entry}) {
    EXPECT_EQ(pages_in(::getpid(), {memory.mapping()}, {}, way), kept);
    const PageFinder finder(::getpid(), way);
    EXPECT_EQ(finder.first_in({.start = memory.address(3), .end = memory.address(10)}),
              std::nullopt);
  }
}

// A long run that has shrunk since, and short ones that have gone and come.
TEST(ProcessMemory, IsTakenToHaveLongRunsStill) {
  Memory memory(MAP_PRIVATE, 1000);
  for (const size_t number : {5U, 100U, 700U}) memory.write(number);
  const std::vector<PageRange> seen{{.start = memory.address(20), .pages = 10},
                                    {.start = memory.address(50), .pages = 600}};
  const std::vector<PageRange> expected{{.start = memory.address(5), .pages = 1},
                                        {.start = memory.address(50), .pages = 600},
                                        {.start = memory.address(700), .pages = 1}};
  for (const PageScan way : {PageScan::by_kernel, PageScan::by_entry})
    EXPECT_EQ(pages_in(::getpid(), {memory.mapping()}, seen, way), expected);
}

// Seen as one, whose mapping has been cut short since, at both ends and in the middle.
TEST(ProcessMemory, IsNotTakenToHaveWhatIsNoMappingOfItsNow) {
  const Memory memory(MAP_PRIVATE, 2000);
  const std::vector<PageRange> seen{{.start = memory.address(0), .pages = 2000}};
  const std::vector<Mapping> left{{.start = memory.address(300), .end = memory.address(900)},
                                  {.start = memory.address(1000), .end = memory.address(1400)},
                                  {.start = memory.address(1500), .end = memory.address(1600)}};
  EXPECT_EQ(pages_in(::getpid(), left, seen),
            (std::vector<PageRange>{{.start = memory.address(300), .pages = 600},
                                    {.start = memory.address(1000), .pages = 400}}));
}

TEST(ProcessMemory, OfWhoHasEndedIsNone) {
  const pid_t child = check("fork", ::fork());
  if (child == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(lazy_mappings(child).empty());
  EXPECT_THROW(pages_in(child, {}), SystemError);
  EXPECT_THROW(PageFinder{child}, SystemError);
}

std::string pagemap_entry(uint64_t address, uint64_t pages, uint64_t flags) {
  std::string entry;
  put_number(entry, 1, address);
  put_number(entry, 2, pages);
  put_number(entry, 4, flags);
  return entry;
}

std::string pagemap_image(const std::vector<std::string>& entries) {
  std::string image = image_head(pagemap_magic);
  std::string head;
  put_number(head, 1, 1);
  put_record(image, head);
  for (const std::string& entry : entries) put_record(image, entry);
  return image;
}

TEST(Pagemap, TakesLazyRangesAmongItsOwn) {
  const std::string present = pagemap_entry(0x5000, 1, 4);
  const std::string image = pagemap_image({present, pagemap_entry(0x9000, 2, 4)});
  const std::string with = with_lazy_ranges(image, {{.start = 0x1000, .pages = 4},
                                                    {.start = 0x6000, .pages = 3},
                                                    {.start = 0xb000, .pages = 1}});
  EXPECT_EQ(with, pagemap_image({pagemap_entry(0x1000, 4, 2), present, pagemap_entry(0x6000, 3, 2),
                                 pagemap_entry(0x9000, 2, 4), pagemap_entry(0xb000, 1, 2)}));
}

TEST(Pagemap, TakesNoRangeTwice) {
  const std::string image = pagemap_image({pagemap_entry(0x5000, 2, 4)});
  for (const PageRange& range :
       {PageRange{.start = 0x4000, .pages = 2}, {.start = 0x6000, .pages = 1}})
    EXPECT_THROW(with_lazy_ranges(image, {range}), ProtocolError);
}

TEST(Pagemap, IsNotTakenFromAnImageWithoutAHead) {
  EXPECT_THROW(with_lazy_ranges(image_head(pagemap_magic), {}), ProtocolError);
}

std::string written_mapping(const Mapping& mapping, uint64_t flags, uint64_t status) {
  std::string entry;
  put_number(entry, 1, mapping.start);
  put_number(entry, 2, mapping.end);
  put_number(entry, 6, flags);
  put_number(entry, 7, status);
  return entry;
}

std::string mm_image(const std::vector<std::string>& mappings) {
  std::string mm;
  put_number(mm, 1, 0x400000);
  for (const std::string& mapping : mappings) put_bytes(mm, 14, mapping);
  std::string image = image_head(mm_magic);
  put_record(image, mm);
  return image;
}

constexpr uint64_t lazy_flags = MAP_PRIVATE | MAP_ANONYMOUS;
constexpr uint64_t regular = 1 | 1 << 9;

TEST(MemoryImage, TellsWhatIsRestoredLater) {
  const Mapping lazy{.start = 0x1000, .end = 0x3000};
  const Mapping other{.start = 0x8000, .end = 0x9000};
  const std::string image = mm_image({written_mapping(lazy, lazy_flags, regular),
                                      written_mapping(other, MAP_PRIVATE, 1 | 1 << 6),
                                      written_mapping(other, MAP_SHARED | MAP_ANONYMOUS, 1),
                                      written_mapping(other, lazy_flags | MAP_LOCKED, regular),
                                      written_mapping(other, lazy_flags | MAP_HUGETLB, regular),
                                      written_mapping(other, lazy_flags, regular | 1 << 3)});
  EXPECT_EQ(mappings_restored_lazily(image), std::vector{lazy});
}

TEST(MemoryImage, TellsOfCutMappingsAsLongAsTheyAre) {
  const auto image = [](uint64_t end) {
    return mm_image({written_mapping({.start = 0x1000, .end = 0x3000}, lazy_flags, regular),
                     written_mapping({.start = 0x8000, .end = end}, lazy_flags, regular)});
  };
  const auto whole =
      mappings_restored_lazily(with_whole_mappings(image(0x9000), {{0x8000, 0xc000}}));
  EXPECT_EQ(whole, mappings_restored_lazily(image(0xc000)));
  EXPECT_EQ(with_whole_mappings(image(0xc000), {}), image(0xc000));
}

// CRIU from 4.2 on lists the guard pages of a mapping, which may be its first ones, as one more.
TEST(MemoryImage, KeepsGuardPagesAsLongAsTheyAre) {
  const std::string guard = written_mapping({.start = 0x8000, .end = 0x9000}, 0, 1 << 16);
  const auto image = [&](uint64_t end) {
    return mm_image({written_mapping({.start = 0x8000, .end = end}, lazy_flags, regular), guard});
  };
  const std::string whole = with_whole_mappings(image(0x9000), {{0x8000, 0xc000}});
  EXPECT_EQ(mappings_restored_lazily(whole), mappings_restored_lazily(image(0xc000)));
  EXPECT_TRUE(whole.contains(guard));
}

TEST(MemoryImage, OfWhichACutMappingIsMissingIsAnError) {
  const std::string image =
      mm_image({written_mapping({.start = 0x1000, .end = 0x2000}, lazy_flags, regular)});
  EXPECT_THROW(with_whole_mappings(image, {{0x8000, 0xc000}}), ProtocolError);
}

TEST(CutMappings, AreTheLargeOnesThatCanBeLazy) {
  constexpr std::string_view whole =
      "10000000-12000000 rw-p 00000000 00:00 0 \nVmFlags: ac rd wr\n"
      "20000000-20100000 rw-p 00000000 00:00 0 \nVmFlags: ac rd wr\n"
      "30000000-32000000 rw-p 00000000 00:00 0 [heap]\nVmFlags: ac rd wr\n"
      "40000000-42000000 rw-p 00000000 00:00 0 \nVmFlags: ac lo rd wr\n"
      "50000000-52000000 rw-p 00000000 00:00 0 [stack]\nVmFlags: ac gd rd wr\n"
      "60000000-62000000 ---p 00000000 00:00 0 \nVmFlags: ac\n"
      "70000000-72000000 rw-p 00000000 fe:01 7 /some/file\nVmFlags: ac rd wr\n"
      "80000000-82000000 rw-s 00000000 00:01 7 /dev/zero (deleted)\nVmFlags: rd wr sh\n";
  std::string expected(whole);
  expected.replace(expected.find("12000000"), 8, "10001000");
  expected.replace(expected.find("32000000"), 8, "30001000");
  const CutSmaps cut = cut_large_mappings(whole);
  EXPECT_EQ(cut.text, expected);
  EXPECT_EQ(cut.ends, (CutEnds{{0x10000000, 0x12000000}, {0x30000000, 0x32000000}}));
}

TEST(MemoryImage, KnowsWhetherAllPagesAreAmongThat) {
  const std::vector<Mapping> mappings{{.start = 0x1000, .end = 0x3000},
                                      {.start = 0x3000, .end = 0x5000},
                                      {.start = 0x8000, .end = 0x9000}};
  EXPECT_TRUE(lie_in({}, mappings));
  EXPECT_TRUE(lie_in({{.start = 0x1000, .pages = 1}, {.start = 0x8000, .pages = 1}}, mappings));
  EXPECT_TRUE(lie_in({{.start = 0x2000, .pages = 3}}, mappings));
  for (const PageRange& range : {PageRange{.start = 0x0, .pages = 2},
                                 {.start = 0x4000, .pages = 2},
                                 {.start = 0x6000, .pages = 1},
                                 {.start = 0x9000, .pages = 1}})
    EXPECT_FALSE(lie_in({range}, mappings)) << range.start;
}

// A process that stands still, and a folder for the images of its dump.
class LeftOutTest : public testing::Test {
 protected:
  static constexpr pid_t inner = 7;

  void SetUp() override {
    memory_.write(1);
    start_child();
    std::filesystem::create_directory(folder_);
    write_file(folder_ / "pagemap-7.img", pagemap_image({}));
  }
  void TearDown() override {
    end_child();
    std::filesystem::remove_all(folder_);
  }

  // With all that is mapped now.
  void start_child() {
    if (child_ != 0) end_child();
    child_ = check("fork", ::fork());
    if (child_ != 0) return;
    ::pause();
    ::_exit(0);
  }
  void end_child() const {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }

  // What CRIU would write of its mappings, all or without one.
  void write_mappings(bool with_memory) {
    std::vector<std::string> written;
    for (const Mapping& mapping : lazy_mappings(child_))
      if (with_memory || mapping != memory_.mapping())
        written.push_back(written_mapping(mapping, lazy_flags, regular));
    write_file(folder_ / "mm-7.img", mm_image(written));
  }

  // What CRIU would list if it saw all pages.
  std::string list_all_as_criu() {
    std::vector<std::string> entries;
    for (const PageRange& range : pages_in(child_, lazy_mappings(child_)))
      entries.push_back(pagemap_entry(range.start, range.pages, 2));
    const std::string image = pagemap_image(entries);
    write_file(folder_ / "pagemap-7.img", image);
    return image;
  }

  Memory memory_;
  pid_t child_ = 0;
  Path folder_ =
      std::filesystem::temp_directory_path() / ("wayferry-left-out-" + std::to_string(::getpid()));
};

TEST_F(LeftOutTest, StandsInTheImages) {
  LeftOut left_out({{inner, child_}}, folder_ / "left-out", nullptr, {});
  write_mappings(true);
  left_out.enter(folder_);
  const PageRange page{.start = memory_.address(1), .pages = 1};
  EXPECT_TRUE(std::ranges::contains(lazy_ranges(folder_, inner), page));
}

TEST_F(LeftOutTest, StandsThereOnceWhereCriuHasNoLibrary) {
  LeftOut left_out({{inner, child_}}, folder_ / "left-out", nullptr, {});
  write_mappings(true);
  const std::string image = list_all_as_criu();
  left_out.enter(folder_);
  EXPECT_EQ(read_file(folder_ / "pagemap-7.img"), image);
}

// What was seen before and has gone since is on our list, and not on CRIU's.
TEST_F(LeftOutTest, StandsThereOnceEvenIfThereIsLessNow) {
  const Memory large(MAP_PRIVATE, 300);
  const PageRange seen{.start = large.address(0), .pages = 300};
  start_child();  // anew, with that mapping
  LeftOut left_out({{inner, child_}}, folder_ / "left-out", nullptr, {{child_, {.runs = {seen}}}});
  write_mappings(true);
  const std::string image = list_all_as_criu();
  left_out.enter(folder_);
  EXPECT_EQ(read_file(folder_ / "pagemap-7.img"), image);
}

TEST_F(LeftOutTest, StandsThereIfItWasSeenBefore) {
  const Memory large(MAP_PRIVATE, 300);
  const PageRange seen{.start = large.address(0), .pages = 300};
  start_child();
  LeftOut left_out({{inner, child_}}, folder_ / "left-out", nullptr, {{child_, {.runs = {seen}}}});
  write_mappings(true);
  left_out.enter(folder_);
  EXPECT_TRUE(std::ranges::contains(lazy_ranges(folder_, inner), seen));
}

TEST_F(LeftOutTest, StandsInTheListOfTheLibrary) {
  const LeftOut left_out({{inner, child_}}, folder_ / "left-out", nullptr, {});
  const std::string list = read_file(folder_ / "left-out" / left_out_list).value();
  const LeftOutRange wanted{
      .process = child_, .start = memory_.mapping().start, .end = memory_.mapping().end};
  EXPECT_EQ(list.size() % sizeof wanted, 0);
  EXPECT_NE(list.find(std::string(reinterpret_cast<const char*>(&wanted), sizeof wanted)),
            list.npos);
}

TEST_F(LeftOutTest, IsAnErrorWhereCriuRestoresAtOnce) {
  LeftOut left_out({{inner, child_}}, folder_ / "left-out", nullptr, {});
  write_mappings(false);
  EXPECT_THROW(left_out.enter(folder_), ProtocolError);
}

}  // namespace
}  // namespace wayferry
