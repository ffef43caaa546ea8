// SPDX-License-Identifier: MIT
#include "session/store.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <thread>

#include "fake/fake_host.h"
#include "session/compositor.h"
#include "session/prune.h"
#include "util/error.h"

namespace wayferry {
namespace {

class Store : public testing::Test {
 protected:
  fake::TemporaryFolder folder_;
  fake::World world_;
  fake::Host host_{world_, "here", folder_.path()};
  const SessionStore& store_ = host_.local().store;
};

TEST_F(Store, FindsWhatItMadeAndNothingElse) {
  host_.run("term");
  EXPECT_TRUE(store_.load("term"));
  EXPECT_FALSE(store_.load("other"));
  EXPECT_EQ(store_.names(), std::vector<std::string>{"term"});
  EXPECT_THROW(store_.require("other"), Failure);
  store_.remove("term");
  EXPECT_TRUE(store_.names().empty());
  EXPECT_FALSE(std::filesystem::exists(store_.folders("term").disk));
}

// As a CRIU that was killed leaves the host's control groups in its work folder, and crun the app's
// root in its bundle.
TEST_F(Store, RemovesNothingThatIsMountedInItsFolders) {
  if (::getuid() != 0) GTEST_SKIP() << "needs root";
  host_.run("term");
  const Path outside = folder_.path() / "outside";
  const SessionFolders folders = store_.folders("term");
  std::filesystem::create_directories(outside);
  write_file(outside / "file", "precious");
  for (const Path& folder : {folders.criu_work(), folders.container().bundle}) {
    const Path left = folder / "left" / "group";
    std::filesystem::create_directories(left);
    ASSERT_EQ(::mount("test", left.parent_path().c_str(), "tmpfs", 0, nullptr), 0);
    std::filesystem::create_directories(left);
    ASSERT_EQ(::mount(outside.c_str(), left.c_str(), nullptr, MS_BIND, nullptr), 0);
  }
  store_.remove("term");
  for (const Path& folder : {folders.runtime, folders.disk})
    EXPECT_FALSE(std::filesystem::exists(folder));
  EXPECT_EQ(read_file(outside / "file"), "precious");
}

TEST_F(Store, LetsOnlyOneIn) {
  auto first = store_.try_lock("term");
  EXPECT_TRUE(first);
  EXPECT_FALSE(store_.try_lock("term"));
  EXPECT_THROW(store_.lock("term"), Failure);
  EXPECT_TRUE(store_.try_lock("other"));
  first.reset();
  EXPECT_TRUE(store_.try_lock("term"));
}

TEST_F(Store, WaitsForWhoOnlyLooks) {
  auto looking = store_.try_lock("term");
  std::jthread done([&looking] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    looking.reset();
  });
  EXPECT_NO_THROW(store_.lock("term"));
}

TEST_F(Store, IsLookedAtWithoutALock) {
  host_.run("term");
  std::filesystem::remove_all(store_.roots().runtime / ".locks");
  EXPECT_EQ(living_sessions(store_, host_.local().engine).size(), 1u);
  EXPECT_FALSE(std::filesystem::exists(store_.roots().runtime / ".locks"));
}

TEST_F(Store, NeverLeavesItsFolders) {
  EXPECT_THROW(store_.folders("../../etc"), Failure);
  EXPECT_THROW(store_.load(".locks"), Failure);
}

TEST_F(Store, PrunesSessionsWithoutAMonitor) {
  host_.run("living");
  SessionRecord dead = store_.require("living");
  dead.spec.name = "dead";
  store_.create(dead);
  const auto living = living_sessions(store_, host_.local().engine);
  ASSERT_EQ(living.size(), 1u);
  EXPECT_EQ(living[0].spec.name, "living");
  EXPECT_EQ(store_.names(), std::vector<std::string>{"living"});
}

TEST_F(Store, DoesNotPruneWhatIsBeingMade) {
  SessionRecord young;
  young.spec.name = "young";
  young.spec.argv = {"foot"};
  young.spec.base_kind = "rootfs";
  const auto lock = store_.try_lock("young");
  store_.create(young);
  EXPECT_EQ(living_sessions(store_, host_.local().engine).size(), 1u);
}

class FindCompositor : public testing::Test {
 protected:
  void SetUp() override {
    ::unsetenv("WAYLAND_DISPLAY");
    ::unsetenv("XDG_RUNTIME_DIR");
    std::filesystem::create_directories(folder_.path() / "1000");
    std::filesystem::create_directories(folder_.path() / "1001");
  }
  Path socket(const char* name) const { return folder_.path() / name; }

  fake::TemporaryFolder folder_;
};

TEST_F(FindCompositor, TakesTheOnlyOneThatAnswers) {
  const UniqueFd alive = listen_unix(socket("1000/wayland-1"));
  listen_unix(socket("1001/wayland-0"));  // its owner is gone
  EXPECT_EQ(find_compositor("", folder_.path()), socket("1000/wayland-1"));
}

TEST_F(FindCompositor, DoesNotGuess) {
  EXPECT_THROW(find_compositor("", folder_.path()), Failure);
  const UniqueFd one = listen_unix(socket("1000/wayland-1"));
  const UniqueFd two = listen_unix(socket("1001/wayland-1"));
  EXPECT_THROW(find_compositor("", folder_.path()), Failure);
  EXPECT_EQ(find_compositor(socket("1001/wayland-1"), folder_.path()), socket("1001/wayland-1"));
}

TEST_F(FindCompositor, FollowsTheEnvironment) {
  const UniqueFd one = listen_unix(socket("1000/wayland-1"));
  const UniqueFd two = listen_unix(socket("1001/wayland-2"));
  ::setenv("WAYLAND_DISPLAY", "wayland-2", 1);
  ::setenv("XDG_RUNTIME_DIR", (folder_.path() / "1001").c_str(), 1);
  EXPECT_EQ(find_compositor("", folder_.path()), socket("1001/wayland-2"));
  ::setenv("WAYLAND_DISPLAY", "wayland-1", 1);
  ::unsetenv("XDG_RUNTIME_DIR");
  EXPECT_EQ(find_compositor("", folder_.path()), socket("1000/wayland-1"));
}

}  // namespace
}  // namespace wayferry
