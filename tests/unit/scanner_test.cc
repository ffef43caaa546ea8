// SPDX-License-Identifier: MIT
//
// Every mistake in a protocol, the baseline or the rules ends the build: here it is seen to do so.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "scanner/ir.h"

namespace wayferry::scanner {
namespace {

namespace fs = std::filesystem;

const std::string thing_xml = R"(<protocol name="p"><interface name="wl_display" version="1">
  <request name="get_thing"><arg name="id" type="new_id" interface="thing"/></request>
</interface>
<interface name="thing" version="2">
  <request name="destroy" type="destructor"/>
  <request name="set"><arg name="value" type="int"/></request>
  <request name="hand"><arg name="one" type="fd"/><arg name="two" type="fd"/></request>
  <event name="told"/>
</interface></protocol>)";

const std::string rules_start = "wl_display\n  get_thing create\nthing\n";

class ScannerTest : public ::testing::Test {
 protected:
  ScannerTest()
      : folder_(fs::temp_directory_path() / ("scanner_test." + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
  }
  ~ScannerTest() override { fs::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }

  // What the scanner says of these inputs; "" if it takes them.
  std::string complaint(const std::string& rules, const std::string& xml = thing_xml,
                        const std::string& globals = "") {
    try {
      Interfaces interfaces;
      read_xml(file("p.xml", xml), interfaces);
      const Baseline baseline = read_baseline(file("baseline.txt", globals));
      const Blocks blocks = read_rules(file("carry.rules", rules));
      check_rules(interfaces, baseline, blocks);
      emit_protocol(interfaces, baseline);
      emit_carry(interfaces, blocks);
    } catch (const ScanError& error) {
      return error.what();
    }
    return "";
  }

  fs::path folder_;
};

TEST_F(ScannerTest, TakesWhatIsWhole) {
  EXPECT_EQ(
      complaint(rules_start + "  destroy destroy\n  set latest\n  hand drop\n  > told pass\n"), "");
}

TEST_F(ScannerTest, EveryMessageNeedsARule) {
  EXPECT_EQ(complaint(rules_start + "  destroy destroy\n  hand drop\n  > told pass\n"),
            "carry.rules: thing.set has no rule");
  EXPECT_EQ(complaint(rules_start + "  destroy destroy\n  set latest\n  hand drop\n"),
            "carry.rules: thing > told has no rule");
  EXPECT_NE(complaint("wl_display\n  get_thing create\n"), "") << "a whole interface is missing";
}

TEST_F(ScannerTest, EveryRuleNeedsItsMessage) {
  EXPECT_EQ(complaint(rules_start +
                      "  destroy destroy\n  set latest\n  hand drop\n  more drop\n  > told pass\n"),
            "carry.rules: thing has no message more");
}

TEST_F(ScannerTest, RulesMustFitTheirMessages) {
  const auto with = [&](const std::string& destroy, const std::string& set, const std::string& hand,
                        const std::string& told) {
    return complaint(rules_start + "  destroy " + destroy + "\n  set " + set + "\n  hand " + hand +
                     "\n  > told " + told + "\n");
  };
  EXPECT_NE(with("latest", "latest", "drop", "pass").find("'destroy' goes with"),
            std::string::npos);
  EXPECT_NE(with("destroy", "create", "drop", "pass").find("'create' and"), std::string::npos);
  EXPECT_NE(with("destroy", "sometimes", "drop", "pass").find("unknown rule"), std::string::npos);
  EXPECT_NE(with("destroy", "latest", "drop", "until").find("wrong number of words"),
            std::string::npos);
  EXPECT_NE(with("destroy", "latest", "drop", "until never").find("has no event never"),
            std::string::npos);
  EXPECT_NE(with("destroy", "latest", "latest", "pass").find("one descriptor"), std::string::npos)
      << "a record keeps only one";
}

TEST_F(ScannerTest, TheBaselineNamesWhatThereIs) {
  const std::string whole =
      rules_start + "  destroy destroy\n  set latest\n  hand drop\n  > told pass\n";
  EXPECT_EQ(complaint(whole, thing_xml, "thing 2\n"), "");
  EXPECT_NE(complaint(whole, thing_xml, "thing 3\n").find("no version 3"), std::string::npos);
  EXPECT_NE(complaint(whole, thing_xml, "other 1\n").find("no XML describes"), std::string::npos);
}

TEST_F(ScannerTest, MessagesHaveNoMoreArgumentsThanAreRead) {
  std::string many =
      R"(<protocol name="p"><interface name="wl_display" version="1"><event name="e">)";
  for (int i = 0; i < 29; ++i) many += "<arg name=\"a" + std::to_string(i) + "\" type=\"int\"/>";
  many += "</event></interface></protocol>";
  EXPECT_NE(complaint("wl_display\n  > e pass\n", many).find("more than 28 arguments"),
            std::string::npos);
}

}  // namespace
}  // namespace wayferry::scanner
