// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <unistd.h>

#include "util/error.h"
#include "util/io.h"
#include "util/process.h"

namespace wayferry {
namespace {

// env(1) starts tar as CRIU does, with execvp(); the library is in it as it is in CRIU.
class TarInCriuTest : public testing::Test {
 protected:
  TarInCriuTest() {
    for (const Path& folder : {from(), to()}) std::filesystem::create_directories(folder);
    write_file(from() / "file", text_);
  }
  ~TarInCriuTest() override { std::filesystem::remove_all(folder_); }

  Path from() const { return folder_ / "from"; }
  Path to() const { return folder_ / "to"; }

  std::string pack(bool with_library) const {
    const Output packed =
        run({"sh", "-c",
             start(with_library) + "--create --gzip --directory " + from().native() + " ."});
    EXPECT_EQ(packed.status, 0) << packed.err;
    return packed.out;
  }

  void expect_unpacked(const std::string& archive) const {
    write_file(folder_ / "archive", archive);
    const Output unpacked = run({"sh", "-c",
                                 start(true) + "--extract --gzip --directory " + to().native() +
                                     " < " + (folder_ / "archive").native()});
    EXPECT_EQ(unpacked.status, 0) << unpacked.err;
    EXPECT_EQ(read_file(to() / "file"), text_);
  }

  const std::string text_ = std::string(100'000, 'x');

 private:
  static std::string start(bool with_library) {
    return (with_library ? "LD_PRELOAD=" TAR_LIBRARY " " : "") + std::string("env tar ");
  }

  Path folder_ =
      std::filesystem::temp_directory_path() / ("wayferry-tar-" + std::to_string(::getpid()));
};

TEST_F(TarInCriuTest, PacksWithoutCompressing) {
  const std::string archive = pack(true);
  EXPECT_GT(archive.size(), text_.size());
  EXPECT_TRUE(archive.contains(text_));
  expect_unpacked(archive);
}

TEST_F(TarInCriuTest, UnpacksWhatIsCompressed) {
  const std::string archive = pack(false);
  EXPECT_LT(archive.size(), text_.size());
  expect_unpacked(archive);
}

}  // namespace
}  // namespace wayferry
