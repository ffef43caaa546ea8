// SPDX-License-Identifier: MIT
//
// Plays every wire script of the folder; each is a test of its own. See README.md beside it.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "script.h"
#include "util/io.h"
#include "wire/protocol.h"

namespace wayferry::test {
namespace {

std::vector<Path> scripts_in(const Path& folder) {
  std::vector<Path> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".wire") found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

std::string complaint(const std::string& script) {
  try {
    play(script);
  } catch (const ScriptError& error) {
    return error.what();
  }
  return "";
}

// gtest takes letters, digits and underscores.
std::string test_name(const ::testing::TestParamInfo<Path>& info) {
  std::string name = info.param.stem();
  std::ranges::replace(name, '-', '_');
  return name;
}

class WireScript : public ::testing::TestWithParam<Path> {};

TEST_P(WireScript, GoesAsItSays) {
  EXPECT_EQ(complaint(read_file(GetParam()).value()), "") << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Wire, WireScript, ::testing::ValuesIn(scripts_in(WIRE_SCRIPTS)),
                         test_name);

// What is wrong in these scripts must be found: their first line has the complaint.
class WrongScript : public ::testing::TestWithParam<Path> {};

TEST_P(WrongScript, IsFound) {
  const std::string script = read_file(GetParam()).value();
  const std::string expected = script.substr(2, script.find('\n') - 2);
  EXPECT_EQ(complaint(script), expected) << GetParam();
}

INSTANTIATE_TEST_SUITE_P(Wire, WrongScript,
                         ::testing::ValuesIn(scripts_in(Path(WIRE_SCRIPTS) / "wrong")), test_name);

TEST(TestProtocol, IsInTheTestsTablesOnly) {
  EXPECT_NE(find_interface("wayferry_test"), nullptr);
  EXPECT_EQ(baseline_version(*find_interface("wayferry_test")), 2u);
}

}  // namespace
}  // namespace wayferry::test
