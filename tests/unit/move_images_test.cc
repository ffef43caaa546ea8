// SPDX-License-Identifier: MIT
// Images on their way: followed on the source while they are written, gathered on the target.
#include <gtest/gtest.h>

#include <fstream>

#include "fake/fake_host.h"
#include "move/follower.h"
#include "move/image_folder.h"
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

}  // namespace
}  // namespace wayferry
