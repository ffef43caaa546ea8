// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "fake/temporary_folder.h"
#include "move/drain_progress.h"

namespace wayferry {
namespace {

TEST(DrainProgress, TellsHowFarItIs) {
  DrainProgress progress;
  progress.now(0, 1000, 0, true);
  EXPECT_EQ(progress.bar(10), "[..........]");
  EXPECT_FALSE(progress.complete());
  progress.now(250, 1000, 7, true);
  EXPECT_EQ(progress.bar(10), "[##........]");
  EXPECT_TRUE(progress.text().starts_with("1 of 4 MB, ")) << progress.text();
  EXPECT_TRUE(progress.text().ends_with(" s left, 7 faults")) << progress.text();
  progress.now(1000, 1000, 7, true);
  EXPECT_EQ(progress.bar(10), "[##########]");
  EXPECT_TRUE(progress.complete());
}

TEST(DrainProgress, IsCompleteWhereThereIsNothing) {
  DrainProgress progress;
  progress.now(0, 0, 0, true);
  EXPECT_EQ(progress.bar(4), "[####]");
  EXPECT_TRUE(progress.complete());
}

TEST(DrainProgress, SaysThatTheOtherHostIsGone) {
  DrainProgress progress;
  progress.now(500, 1000, 0, false);
  EXPECT_EQ(progress.text(), "2 of 4 MB, no connection, trying again");
}

TEST(DrainProgress, IsPublished) {
  const fake::TemporaryFolder folder;
  DrainProgress progress;
  progress.now(1, 4, 3, true);
  progress.publish(folder.path() / "drain");
  const auto json = nlohmann::json::parse(read_file(folder.path() / "drain").value());
  EXPECT_EQ(json.at("done_bytes"), 4096);
  EXPECT_EQ(json.at("all_bytes"), 16384);
  EXPECT_EQ(json.at("faults"), 3);
  EXPECT_EQ(json.at("connected"), true);
}

}  // namespace
}  // namespace wayferry
