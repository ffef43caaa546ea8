// SPDX-License-Identifier: MIT
#include "criu/log.h"

#include <gtest/gtest.h>

namespace wayferry {
namespace {

using Texts = std::vector<std::string>;

TEST(CriuLog, finds_error_lines_of_criu_and_of_restored_processes) {
  const char* log =
      "(00.000108) Version: 4.1.1 (gitid 0)\n"
      "(00.001061) Error (criu/files-reg.c:1790): Can't lookup mount=52 for fd=-3 "
      "path=/usr/bin/dash\n"
      "(00.002000) Warn  (criu/kerndat.c:1): something\n"
      "(00.003000)     12: Error (criu/sk-unix.c:1400): unix: Can't connect 7 socket: Refused\n"
      "(00.004000) pie: 12: Error (criu/pie/restorer.c:1): no memory";
  EXPECT_EQ(criu_errors(log), (Texts{"Can't lookup mount=52 for fd=-3 path=/usr/bin/dash",
                                     "unix: Can't connect 7 socket: Refused", "no memory"}));
}

TEST(CriuLog, skips_errors_of_healthy_runs) {
  const char* log =
      "(00.000001) Error (criu/util.c:1533): rlimit: Can't setup RLIMIT_NOFILE for self: Operation "
      "not permitted\n"
      "(00.004437) Error (criu/tun.c:85): tun: Unable to create tun: No such file or directory\n";
  EXPECT_EQ(criu_errors(log), Texts{});
}

TEST(CriuLog, takes_a_line_that_only_looks_like_an_error_for_none) {
  EXPECT_EQ(criu_errors("Error (\nError (x\nError (criu/a.c:1): \n\n"), Texts{});
}

TEST(CriuLog, says_nothing_about_a_log_that_is_not_there) {
  EXPECT_EQ(quote_criu_errors("/nonexistent/dump.log"), "");
}

}  // namespace
}  // namespace wayferry
