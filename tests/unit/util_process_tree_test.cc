// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "util/process.h"
#include "util/process_tree.h"

namespace wayferry {
namespace {

constexpr std::chrono::seconds limit{20};

TEST(ProcessTree, HoldsWhatAProcessHasStarted) {
  auto [ready, say] = make_pipe();
  Child child =
      spawn({"sh", "-c", "sh -c 'sleep 600 & echo >&3; wait' & wait"}, {.fds = {{3, say.get()}}});
  ASSERT_TRUE(wait_readable(ready.get(), limit));
  const auto below = hold_descendants(child.pid());
  EXPECT_EQ(below.size(), 2);
  for (const HeldProcess& process : below) process.signal(SIGKILL);
  for (const HeldProcess& process : below) EXPECT_TRUE(wait_readable(process.pidfd.get(), limit));
  EXPECT_FALSE(hold_descendants(::getpid()).empty());
}

TEST(ProcessTree, HoldsWhoHasStartedAProcess) {
  Child child = spawn({"sleep", "600"});
  const auto parent = hold_parent(child.pid());
  ASSERT_TRUE(parent);
  EXPECT_EQ(parent->pid, ::getpid());
  EXPECT_FALSE(hold_parent(1));
  EXPECT_FALSE(hold_tracer(child.pid()));
}

TEST(ProcessTree, HoldsThePeerAsLongAsItIsThere) {
  auto [here, there] = socket_pair();
  const auto peer = hold_peer(here.get());
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->pid, ::getpid());
  there.reset();
  EXPECT_FALSE(hold_peer(here.get()));
}

TEST(ProcessTree, HoldsWhoHasAFileOpen) {
  const Path file =
      std::filesystem::temp_directory_path() / ("wayferry-users-" + std::to_string(::getpid()));
  EXPECT_TRUE(hold_users(file).empty());
  write_file(file, "");
  EXPECT_TRUE(hold_users(file).empty());
  auto [ready, say] = make_pipe();
  Child child = spawn({"sh", "-c", "exec 4> " + file.native() + "; echo >&3; exec sleep 600"},
                      {.fds = {{3, say.get()}}});
  ASSERT_TRUE(wait_readable(ready.get(), limit));
  const auto users = hold_users(file);
  std::filesystem::remove(file);
  ASSERT_FALSE(users.empty());
  EXPECT_EQ(users[0].pid, child.pid());
}

TEST(Spawn, AChildMayEndWithTheThreadThatStartedIt) {
  Child child;
  std::thread([&] { child = spawn({"sleep", "60"}, {.ends_with_us = true}); }).join();
  EXPECT_EQ(child.wait(), 128 + SIGKILL);
}

}  // namespace
}  // namespace wayferry
