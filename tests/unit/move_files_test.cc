// SPDX-License-Identifier: MIT
// The container's written files: packed, unpacked, and sent again where they changed. Whiteouts and
// overlay xattrs need root.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <fstream>
#include <functional>

#include "criu/pagemap.h"
#include "fake/fake_host.h"
#include "move/file_tree.h"
#include "move/running_memory.h"
#include "move/tar_reader.h"
#include "util/error.h"

namespace wayferry {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(from_);
    fs::create_directories(to_);
  }

  void write(const char* name, const std::string& contents) const {
    std::ofstream(from_ / name) << contents;
  }

  void send(const std::function<void(const PieceSink&)>& sender) {
    std::deque<std::string> pieces;
    sender([&](std::string_view piece) { pieces.emplace_back(piece); });
    unpack_tar(to_, [&]() -> std::string {
      if (pieces.empty()) return {};
      std::string piece = std::move(pieces.front());
      pieces.pop_front();
      return piece;
    });
  }
  void send_all(FileTree& tree) {
    send([&](const PieceSink& sink) { tree.send(sink); });
  }
  void send_all() {
    FileTree tree(from_);
    send_all(tree);
  }

  /// The tree, once its files were not touched a moment ago.
  static FileTree settled_tree(const Path& folder) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (true) {
      FileTree tree(folder);
      tree.send([](std::string_view) {});
      const bool settled = tree.changes().changed.empty();
      if (settled || std::chrono::steady_clock::now() > limit) return tree;
    }
  }

  /// A file of the folder, changed through a mapping between the passes, is sent again; if it was
  /// not changed it is not.
  static void demand_mapping_is_seen(const Path& folder) {
    const UniqueFd file(::open((folder / "mapped").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    ASSERT_TRUE(file);
    ASSERT_EQ(::ftruncate(file.get(), page_size), 0);
    void* const map = ::mmap(nullptr, page_size, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    ASSERT_NE(map, MAP_FAILED);
    volatile char& byte = *static_cast<char*>(map);
    byte = 'a';
    FileTree tree = settled_tree(folder);
    byte = 'b';  // the page has not been written to the disk since it was made dirty
    clean_mapped_files({::getpid()});
    tree.send([](std::string_view) {});
    EXPECT_EQ(std::ranges::count(tree.changes().changed, "mapped"), 0);
    byte = 'c';
    EXPECT_EQ(std::ranges::count(tree.changes().changed, "mapped"), 1);
    ::munmap(map, page_size);
  }

  static std::string xattr(const Path& path, const char* name) {
    char value[64];
    const ssize_t n = ::lgetxattr(path.c_str(), name, value, sizeof value);
    return n < 0 ? "(none)" : std::string(value, static_cast<size_t>(n));
  }

  fake::TemporaryFolder folder_;
  Path from_ = folder_.path() / "from";
  Path to_ = folder_.path() / "to";
};

TEST_F(Files, KeepModesTimesLinksAndContents) {
  write("big", std::string(5'000'000, 'b'));
  write("script", "#!/bin/sh\n");
  ::chmod((from_ / "script").c_str(), 04751);
  fs::create_symlink("/nowhere/else", from_ / "link");
  fs::create_hard_link(from_ / "big", from_ / "same");
  fs::create_directories(from_ / "a/b/c");
  ::mkfifo((from_ / "a/fifo").c_str(), 0600);
  const timespec times[2] = {{1, 0}, {12345, 678901234}};
  ::utimensat(AT_FDCWD, (from_ / "big").c_str(), times, 0);
  ::utimensat(AT_FDCWD, (from_ / "a").c_str(), times, 0);
  send_all();

  struct stat status{};
  ASSERT_EQ(::lstat((to_ / "big").c_str(), &status), 0);
  EXPECT_EQ(status.st_size, 5'000'000);
  EXPECT_EQ(status.st_mtim.tv_nsec, 678901234);
  EXPECT_EQ(status.st_nlink, 2u);
  ASSERT_EQ(::lstat((to_ / "a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mtim.tv_sec, 12345) << "although files were put into it";
  ASSERT_EQ(::lstat((to_ / "script").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 04751u);
  EXPECT_EQ(fs::read_symlink(to_ / "link"), "/nowhere/else");
  EXPECT_TRUE(fs::is_fifo(to_ / "a/fifo"));
  EXPECT_TRUE(fs::is_directory(to_ / "a/b/c"));
}

TEST_F(Files, KeepWhiteoutsAndOpaqueFolders) {
  if (::getuid() != 0) GTEST_SKIP() << "needs root";
  ASSERT_EQ(::mknod((from_ / "gone").c_str(), S_IFCHR, makedev(0, 0)), 0);
  fs::create_directories(from_ / "replaced");
  const std::string replaced = from_ / "replaced";
  if (::setxattr(replaced.c_str(), "trusted.overlay.opaque", "y", 1, 0) < 0)
    GTEST_SKIP() << "the file system has no trusted xattrs";
  ASSERT_EQ(::setxattr(replaced.c_str(), "trusted.overlay.origin", "handle", 6, 0), 0);
  send_all();

  struct stat status{};
  ASSERT_EQ(::lstat((to_ / "gone").c_str(), &status), 0);
  EXPECT_TRUE(S_ISCHR(status.st_mode));
  EXPECT_EQ(status.st_rdev, makedev(0, 0));
  EXPECT_EQ(xattr(to_ / "replaced", "trusted.overlay.opaque"), "y");
  EXPECT_EQ(xattr(to_ / "replaced", "trusted.overlay.origin"), "(none)") << "it names a file here";
}

TEST_F(Files, SocketsStayBehind) {
  const UniqueFd listening = listen_unix(from_ / "socket");
  write("file", "x");
  send_all();
  EXPECT_TRUE(fs::exists(to_ / "file"));
  EXPECT_FALSE(fs::exists(to_ / "socket"));
}

TEST_F(Files, DifferencesBringTheCopyUpToDate) {
  fs::create_directories(from_ / "folder/deep");
  write("folder/deep/file", "1");
  write("changed", "old");
  write("same", "same");
  write("becomes-folder", "x");
  FileTree before = settled_tree(from_);
  send_all(before);

  fs::remove_all(from_ / "folder");
  write("changed", "new contents");
  write("new", "n");
  fs::remove(from_ / "becomes-folder");
  fs::create_directories(from_ / "becomes-folder/inside");
  const FileChanges changes = before.changes();
  EXPECT_EQ(std::ranges::count(changes.changed, "same"), 0);
  for (const std::string& path : changes.removed) remove_below(to_, path);
  send([&](const PieceSink& sink) { before.send(changes.changed, sink); });

  EXPECT_FALSE(fs::exists(to_ / "folder"));
  EXPECT_EQ(read_file(to_ / "changed"), "new contents");
  EXPECT_EQ(read_file(to_ / "new"), "n");
  EXPECT_EQ(read_file(to_ / "same"), "same");
  EXPECT_TRUE(fs::is_directory(to_ / "becomes-folder/inside"));
}

TEST_F(Files, TouchedJustNowIsSentAgain) {
  write("fresh", "x");
  EXPECT_EQ(std::ranges::count(FileTree(from_).changes().changed, "fresh"), 1);
}

TEST_F(Files, WrittenThroughAMappingIsSentAgain) {
  if (::getuid() != 0) GTEST_SKIP() << "needs root";
  demand_mapping_is_seen(from_);
}

TEST_F(Files, WrittenThroughAMappingIsSentAgainFromAFileSystemInMemory) {
  if (::getuid() != 0) GTEST_SKIP() << "needs root";
  ASSERT_EQ(::mount("test", from_.c_str(), "tmpfs", 0, nullptr), 0);
  demand_mapping_is_seen(from_);
  ::umount2(from_.c_str(), MNT_DETACH);
}

TEST_F(Files, NothingIsRemovedOutside) {
  std::ofstream(folder_.path() / "outside") << "x";
  fs::create_symlink(folder_.path(), to_ / "link");
  for (const char* path : {"../outside", "/etc/passwd", "link/outside", "a/../../outside", ""})
    EXPECT_THROW(remove_below(to_, path), ProtocolError) << path;
  EXPECT_TRUE(fs::exists(folder_.path() / "outside"));
}

TEST_F(Files, NothingIsWrittenThroughALink) {
  fs::create_directories(from_ / "link");
  write("link/file", "evil");
  fs::create_directories(folder_.path() / "elsewhere");
  fs::create_directory_symlink(folder_.path() / "elsewhere", to_ / "link");
  const FileTree tree(from_);
  const auto file_only = [&](const PieceSink& sink) { tree.send({"link/file"}, sink); };
  EXPECT_THROW(send(file_only), ProtocolError);
  EXPECT_FALSE(fs::exists(folder_.path() / "elsewhere/file"));
}

TEST_F(Files, DevicesAreRefused) {
  if (::getuid() != 0) GTEST_SKIP() << "needs root";
  ASSERT_EQ(::mknod((from_ / "memory").c_str(), S_IFCHR, makedev(1, 1)), 0);
  EXPECT_THROW(send_all(), ProtocolError);
}

TEST_F(Files, DevicesThatEveryContainerHasAreKept) {
  if (::getuid() != 0) GTEST_SKIP() << "needs root";
  ASSERT_EQ(::mknod((from_ / "null").c_str(), S_IFCHR | 0666, makedev(1, 3)), 0);
  send_all();
  struct stat status{};
  ASSERT_EQ(::lstat((to_ / "null").c_str(), &status), 0);
  EXPECT_TRUE(S_ISCHR(status.st_mode));
  EXPECT_EQ(status.st_rdev, makedev(1, 3));
}

TEST_F(Files, ABlockDeviceOfSuchANumberIsRefused) {
  if (::getuid() != 0) GTEST_SKIP() << "needs root";
  ASSERT_EQ(::mknod((from_ / "ram3").c_str(), S_IFBLK | 0666, makedev(1, 3)), 0);
  EXPECT_THROW(send_all(), ProtocolError);
}

TEST_F(Files, NonsenseIsNoTar) {
  bool told = false;
  const auto nonsense = [&]() -> std::string {
    return std::exchange(told, true) ? "" : std::string(2000, 'x');
  };
  EXPECT_THROW(unpack_tar(to_, nonsense), ProtocolError);
}

}  // namespace
}  // namespace wayferry
