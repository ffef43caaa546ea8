// SPDX-License-Identifier: MIT
#include "criu/features.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "fake/temporary_folder.h"

namespace wayferry {
namespace {

TEST(CriuVersion, is_read_from_what_criu_prints) {
  EXPECT_EQ(parse_criu_version("Version: 4.1.1\n"), (CriuVersion{4, 1, 1}));
  EXPECT_EQ(parse_criu_version("Version: 3.17\nGitID: v3.17\n"), (CriuVersion{3, 17, 0}));
}

TEST(CriuVersion, of_other_words_is_none) {
  EXPECT_EQ(parse_criu_version("criu: command not found"), std::nullopt);
  EXPECT_EQ(parse_criu_version("Version: unknown"), std::nullopt);
  EXPECT_EQ(parse_criu_version(""), std::nullopt);
}

TEST(CriuVersion, orders_by_number_not_by_text) {
  EXPECT_LT((CriuVersion{3, 17, 0}), (CriuVersion{4, 0, 0}));
  EXPECT_GT((CriuVersion{4, 10, 0}), (CriuVersion{4, 9, 0}));
  EXPECT_EQ(to_string(CriuVersion{4, 1, 1}), "4.1.1");
  EXPECT_EQ(to_string(CriuVersion{4, 2, 0}), "4.2");
}

/// The only program in PATH is a CRIU of this version, which counts how often it is asked.
class InstalledCriu : public testing::Test {
 protected:
  void SetUp() override { path_ = std::getenv("PATH"); }
  void TearDown() override { ::setenv("PATH", path_.c_str(), 1); }

  void install(const std::string& version) const {
    const Path program = folder_.path() / "criu.new";
    std::ofstream(program) << "#!/bin/sh\necho Version: " << version << "\necho >> " << asked_
                           << "\n";
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    std::filesystem::rename(program, folder_.path() / "criu");
    ::setenv("PATH", folder_.path().c_str(), 1);
  }
  size_t times_asked() const { return read_file(asked_).value_or("").size(); }

  fake::TemporaryFolder folder_;
  Path kept_ = folder_.path() / "kept";

 private:
  std::string path_;
  Path asked_ = folder_.path() / "asked";
};

TEST_F(InstalledCriu, IsAskedOnce) {
  install("4.1.1");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(installed_criu(kept_), (CriuVersion{4, 1, 1}));
  EXPECT_EQ(times_asked(), 1U);
}

TEST_F(InstalledCriu, IsAskedAgainWhenItIsAnother) {
  install("4.1.1");
  installed_criu(kept_);
  install("4.2");
  EXPECT_EQ(installed_criu(kept_), (CriuVersion{4, 2, 0}));
}

TEST_F(InstalledCriu, IsAskedEachTimeWhereNothingCanBeKept) {
  install("4.1.1");
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(installed_criu(folder_.path() / "nowhere" / "kept"), (CriuVersion{4, 1, 1}));
  EXPECT_EQ(times_asked(), 2U);
}

TEST_F(InstalledCriu, IsNotTakenFromADamagedFile) {
  install("4.1.1");
  installed_criu(kept_);
  const std::string whole = read_file(kept_).value();
  for (size_t length = 0; length < whole.size(); ++length) {
    write_file(kept_, whole.substr(0, length));
    EXPECT_EQ(installed_criu(kept_), (CriuVersion{4, 1, 1})) << length;
  }
}

TEST_F(InstalledCriu, IsNoneWherePathHasNone) {
  ::setenv("PATH", folder_.path().c_str(), 1);
  EXPECT_EQ(installed_criu(kept_), std::nullopt);
}

}  // namespace
}  // namespace wayferry
