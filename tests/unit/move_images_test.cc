// SPDX-License-Identifier: MIT
// Images on their way: followed on the source while they are written, gathered on the target.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <random>

#include "fake/fake_host.h"
#include "move/follower.h"
#include "move/frozen_stage.h"
#include "move/image_folder.h"
#include "move/outgoing.h"
#include "move/serve.h"
#include "util/error.h"

namespace wayferry {
namespace {

TEST(ImageFollower, ShipsWhatIsWrittenMeanwhile) {
  const fake::TemporaryFolder written;
  const fake::TemporaryFolder received;
  ImageFolder images(received.path() / "images");
  ImageFollower follower(
      written.path(), [] {},
      [&](const std::string& name, uint64_t offset, std::string_view data) {
        images.write(name, offset, data);
      });
  const std::string block(100'000, 'x');
  std::string all;
  {
    std::ofstream pages(written.path() / "pages-1.img");
    for (int i = 0; i < 50; ++i) {
      pages << block << i << std::flush;
      all += block + std::to_string(i);
    }
    std::ofstream(written.path() / "core-1.img") << "core";
    std::ofstream(written.path() / "empty.img");
  }
  follower.finish();
  images.finish(follower.sizes());
  EXPECT_EQ(follower.sizes().size(), 3u);
  EXPECT_EQ(read_file(received.path() / "images/pages-1.img"), all);
  EXPECT_EQ(read_file(received.path() / "images/core-1.img"), "core");
  EXPECT_EQ(read_file(received.path() / "images/empty.img"), "");
}

TEST(ImageFollower, HandsItsErrorOver) {
  const fake::TemporaryFolder written;
  ImageFollower follower(
      written.path(), [] { throw Failure("", "link lost"); },
      [](const std::string&, uint64_t, std::string_view) {});
  EXPECT_THROW(follower.finish(), Failure);
}

class Images : public testing::Test {
 protected:
  fake::TemporaryFolder folder_;
  ImageFolder images_{folder_.path() / "images"};
};

TEST_F(Images, GoNowhereElse) {
  for (const std::string name : {"", ".", "..", "../x", "a/b", "/etc/x", ".hidden", "a\nb"})
    EXPECT_THROW(images_.write(name, 0, "x"), ProtocolError) << name;
}

TEST_F(Images, GrowFromFrontToBack) {
  images_.write("a", 0, "123");
  EXPECT_THROW(images_.write("a", 2, "x"), ProtocolError);
  EXPECT_THROW(images_.write("a", 4, "x"), ProtocolError);
  images_.write("a", 3, "456");
  EXPECT_THROW(images_.write("b", 1, "x"), ProtocolError);
}

TEST_F(Images, MustBeComplete) {
  images_.write("a", 0, "123");
  EXPECT_THROW(images_.finish({{"a", 4}}), ProtocolError);
  EXPECT_THROW(images_.finish({}), ProtocolError);
  EXPECT_THROW(images_.finish({{"a", 3}, {"b", 1}}), ProtocolError);
}

/// Shared memory of this process, of which the middle was never touched.
class SharedMemory {
 public:
  static constexpr size_t size = 3u << 20;
  SharedMemory() : file_(::memfd_create("early pages", MFD_CLOEXEC)) {
    check("ftruncate", ::ftruncate(file_.get(), size));
    void* const at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0);
    CHECK(at != MAP_FAILED);
    bytes_ = {static_cast<char*>(at), size};
    std::minstd_rand random(1);
    for (size_t i = 0; i < size; i += i < size / 3 || i >= size / 2 ? 1 : size / 6)
      bytes_[i] = static_cast<char>(random());
  }
  ~SharedMemory() { ::munmap(bytes_.data(), bytes_.size()); }
  std::span<char> bytes() { return bytes_; }
  std::string text() const { return {bytes_.begin(), bytes_.end()}; }

 private:
  UniqueFd file_;
  std::span<char> bytes_;
};

TEST(EarlyPages, DoNotComeAgainInAnImage) {
  const fake::TemporaryFolder folder;
  auto [near, far] = socket_pair();
  UniqueFd near_in = near.duplicate();
  UniqueFd far_in = far.duplicate();
  Link source(std::move(near_in), std::move(near), "target");
  Link target(std::move(far_in), std::move(far), "source");
  ImageFolder images(folder.path() / "images");
  EarlyStore early(folder.path());
  auto received = std::async(std::launch::async, [&] {
    receive_early(target, early, [](const std::string&) {});
    answer_done(target);
    return receive_frozen(target, std::vector<Path>{folder.path()}, images, early);
  });
  SharedMemory memory;
  MoveReport report;
  Outgoing out(source, report);
  out.early_shared({::getpid()});
  out.early_end(std::chrono::seconds(20));
  EXPECT_GE(report.early_bytes, SharedMemory::size / 2);
  memory.bytes()[5000] ^= 1;  // the app still runs
  out.state("state");
  FileTree nothing(folder.path() / "nothing");
  out.files(nothing);
  const std::string image = "x" + std::string(4095, 'y') + memory.text();
  for (size_t at = 0; at < image.size(); at += longest_piece)
    out.image("pages-1.img", at, std::string_view(image).substr(at, longest_piece));
  out.images_end({{"pages-1.img", image.size()}});
  transfer::ToTarget restore;
  restore.mutable_restore();
  out.send(restore);
  EXPECT_EQ(received.get(), "state");
  EXPECT_EQ(read_file(folder.path() / "images/pages-1.img"), image);
  // What was never touched is no page of the pool and so did not go ahead; the rest is two pages.
  EXPECT_LE(report.page_bytes, SharedMemory::size / 5);
}

TEST(EarlyPages, OnlyThoseThatWereSentCanBeNamed) {
  const fake::TemporaryFolder folder;
  EarlyStore early(folder.path());
  early.add(std::vector<std::byte>(size_t{2} * 4096));
  EXPECT_THROW(early.add(std::vector<std::byte>(100)), ProtocolError);
  EXPECT_THROW(early.pages(0, 1), ProtocolError);  // more may come
  early.complete();
  EXPECT_EQ(early.pages(1, 1).size(), 4096u);
  EXPECT_THROW(early.pages(1, 2), ProtocolError);
  EXPECT_THROW(early.pages(UINT64_MAX, 1), ProtocolError);
}

}  // namespace
}  // namespace wayferry
