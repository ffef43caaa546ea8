// SPDX-License-Identifier: MIT
#include "engine/bundle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

namespace wayferry {
namespace {

using Json = nlohmann::json;

class Bundle : public testing::Test {
 protected:
  ContainerSpec spec{.name = "term",
                     .argv = {"foot", "-T", "a \"title\""},
                     .environment = {"MINE=1"},
                     .base_kind = "rootfs",
                     .base = "/srv/base"};
  ContainerDirs dirs{.bundle = "/s/term/bundle", .writable = "/s/term/w", .display = "/s/term/d"};
  Json config() { return Json::parse(bundle_config(spec, dirs)); }
};

TEST_F(Bundle, runs_the_app_as_given) {
  EXPECT_EQ(config()["process"]["args"], Json(spec.argv));
  EXPECT_EQ(config()["process"]["cwd"], "/");
  EXPECT_EQ(config()["process"]["terminal"], false);
}

TEST_F(Bundle, lets_the_user_add_to_the_environment_last) {
  const Json environment = config()["process"]["env"];
  EXPECT_EQ(environment.back(), "MINE=1");
  const auto has = [&](const char* entry) {
    return std::ranges::count(environment, Json(entry)) == 1;
  };
  EXPECT_TRUE(has("WAYLAND_DISPLAY=/run/wayferry/wayland-0"));
  EXPECT_TRUE(has("XDG_RUNTIME_DIR=/run/user/0"));
  EXPECT_TRUE(has("LIBGL_ALWAYS_SOFTWARE=1"));
}

TEST_F(Bundle, gives_another_user_no_capabilities_and_what_is_its_own) {
  EXPECT_FALSE(config()["process"]["capabilities"]["effective"].empty());
  spec.user = {.uid = 1000, .gid = 100, .name = "ann", .home = "/home/ann"};
  const Json process = config()["process"];
  EXPECT_EQ(process["user"], (Json{{"uid", 1000}, {"gid", 100}}));
  EXPECT_TRUE(process["capabilities"]["effective"].empty());
  EXPECT_TRUE(process["capabilities"]["permitted"].empty());
  for (const char* entry : {"HOME=/home/ann", "USER=ann", "XDG_RUNTIME_DIR=/run/user/1000"})
    EXPECT_EQ(std::ranges::count(process["env"], Json(entry)), 1) << entry;
}

TEST_F(Bundle, has_namespaces_of_its_own) {
  std::vector<std::string> types;
  const Json all = config();
  for (const Json& entry : all["linux"]["namespaces"]) types.push_back(entry["type"]);
  std::ranges::sort(types);
  EXPECT_EQ(types, (std::vector<std::string>{"cgroup", "ipc", "mount", "network", "pid", "uts"}));
}

TEST_F(Bundle, lets_in_nothing_of_the_host_but_the_display_and_its_own_run_folder) {
  std::map<std::string, std::string> binds;
  const Json all = config();
  for (const Json& mount : all["mounts"])
    if (mount["type"] == "bind") binds[mount["destination"]] = mount["source"];
  EXPECT_EQ(binds, (std::map<std::string, std::string>{{"/run", "/s/term/bundle/run"},
                                                       {"/run/wayferry", "/s/term/d"}}));
}

TEST_F(Bundle, tells_where_it_mounts) {
  const auto points = mount_points(bundle_config(spec, dirs));
  for (const char* point : {"/proc", "/dev/pts", "/run", "/run/wayferry"})
    EXPECT_TRUE(std::ranges::contains(points, Path(point))) << point;
}

TEST_F(Bundle, protects_proc_without_further_mounts) {
  const Json all = config();
  EXPECT_FALSE(all["linux"].contains("maskedPaths"));
  EXPECT_FALSE(all["linux"].contains("readonlyPaths"));
  const Json& proc = all["mounts"][0];
  EXPECT_EQ(proc["destination"], "/proc");
  EXPECT_TRUE(std::ranges::count(proc["options"], Json("ro")));
}

TEST_F(Bundle, tells_criu_where_its_options_are) {
  EXPECT_EQ(config()["annotations"]["org.criu.config"], "/s/term/bundle/criu.conf");
  EXPECT_FALSE(
      Json::parse(bundle_config(spec, dirs, CriuOptions::environment)).contains("annotations"));
}

TEST_F(Bundle, has_a_cgroup_named_after_the_session) {
  EXPECT_EQ(config()["linux"]["cgroupsPath"], "/wayferry-term");
}

}  // namespace
}  // namespace wayferry
