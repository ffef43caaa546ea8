// SPDX-License-Identifier: MIT
#include "criu/config.h"

#include <gtest/gtest.h>

namespace wayferry {
namespace {

TEST(CriuConfig, writes_one_option_a_line_without_dashes) {
  CriuConfig config;
  config.add("file-locks").add("external", "unix[1234]").add("external", "unix[5]");
  EXPECT_EQ(config.text(), "file-locks\nexternal unix[1234]\nexternal unix[5]\n");
}

TEST(CriuConfig, common_options_keep_the_log_to_errors) {
  EXPECT_NE(common_criu_config(TcpConnections::close).text().find("verbosity=1\n"),
            std::string::npos);
}

TEST(CriuConfig, closes_or_keeps_connections) {
  const std::string closing = common_criu_config(TcpConnections::close).text();
  EXPECT_NE(closing.find("tcp-close\n"), std::string::npos);
  EXPECT_EQ(closing.find("tcp-established"), std::string::npos);
  const std::string keeping = common_criu_config(TcpConnections::keep).text();
  EXPECT_NE(keeping.find("tcp-established\n"), std::string::npos);
  EXPECT_EQ(keeping.find("tcp-close"), std::string::npos);
}

TEST(CriuConfigDeathTest, refuses_the_option_that_crashes_criu) {
  CriuConfig config;
  EXPECT_DEATH(config.add("network-lock", "skip"), "crashes_criu");
}

TEST(CriuConfigDeathTest, refuses_values_that_criu_would_read_otherwise) {
  CriuConfig config;
  EXPECT_DEATH(config.add("work-dir", "/a b"), "not_in_a_value");
  EXPECT_DEATH(config.add("work-dir", "/a#b"), "not_in_a_value");
  EXPECT_DEATH(config.add("--file-locks"), "option");
}

}  // namespace
}  // namespace wayferry
