// SPDX-License-Identifier: MIT
//
// Extensions of a surface whose state goes with them, but only at the surface's next commit: an
// attach between the two must not hasten that, nor undo it.
#include "../fake/relay_fixture.h"

namespace wayferry::test {
namespace {

class RelayLingerTest : public RelayTest {
 protected:
  // A window with a viewport whose size is in force.
  void start() {
    start_with_everything();
    viewporter_ = bind("wp_viewporter");
    viewport_ = make_viewport();
    set_size(viewport_, 10);
    commit();
    exchange();
  }

  uint32_t make_viewport() {
    return app_->make(protocol::wp_viewport, viewporter_, protocol::wp_viewporter, "get_viewport",
                      {surface_});
  }
  void set_size(uint32_t viewport, uint32_t width) {
    app_->say(viewport, protocol::wp_viewport, "set_destination", {width, 10u});
  }
  void destroy(uint32_t viewport) {
    app_->say(viewport, protocol::wp_viewport, "destroy", {});
    exchange();
  }
  void commit() { app_->say(surface_, protocol::wl_surface, "commit", {}); }

  // What the next compositor hears of viewports and of commits after they were first named.
  std::vector<std::string> said_at(const char* next) {
    std::vector<std::string> said;
    for (const std::string& line : all_said_at(next))
      if (line.starts_with("wp_viewport") ||
          (line.starts_with("wl_surface.commit") && !said.empty()))
        said.push_back(line);
    return said;
  }

  using Lines = std::vector<std::string>;
  static constexpr const char* made = "wp_viewporter.get_viewport(new, wl_surface)";
  static constexpr const char* gone = "wp_viewport.destroy()";
  static constexpr const char* committed = "wl_surface.commit()";
  static std::string sized(int width) {
    return "wp_viewport.set_destination(" + std::to_string(width) + ", 10)";
  }

  uint32_t viewporter_ = 0, viewport_ = 0;
};

TEST_F(RelayLingerTest, ADestroyedViewportHoldsUntilTheCommit) {
  start();
  destroy(viewport_);
  const Lines once = {made, committed, sized(10), committed, gone};
  EXPECT_EQ(said_at("b"), once);
  EXPECT_EQ(said_at("c"), once) << "as often as there is no commit";
  commit();
  exchange();
  EXPECT_EQ(said_at("d"), Lines()) << "nothing is left of it";
}

TEST_F(RelayLingerTest, AnotherTakesItsPlaceAfterIt) {
  start();
  destroy(viewport_);
  const uint32_t next = make_viewport();
  set_size(next, 20);
  exchange();
  const Lines both = {made, committed, sized(10), committed, gone, made, sized(20)};
  EXPECT_EQ(said_at("b"), both);
  commit();
  exchange();
  const Lines one = {made, committed, sized(20), committed};
  EXPECT_EQ(said_at("c"), one);
}

TEST_F(RelayLingerTest, WhatComesAndGoesBetweenTwoCommitsLeavesNothing) {
  start();
  const size_t before = relay_->model().objects.size();
  for (int i = 0; i < 100; ++i) {
    destroy(viewport_);
    viewport_ = make_viewport();
    set_size(viewport_, 30);
    exchange();
  }
  EXPECT_LE(relay_->model().objects.size(), before + 1);
  destroy(viewport_);
  const Lines once = {made, committed, sized(10), committed, gone};
  EXPECT_EQ(said_at("b"), once);
}

TEST_F(RelayLingerTest, ItTravels) {
  start();
  destroy(viewport_);
  const auto stayed = said_at("b");
  travel();
  EXPECT_EQ(said_at("c"), stayed);
  commit();
  exchange();
  EXPECT_EQ(said_at("d"), Lines());
}

TEST_F(RelayLingerTest, ItGoesWithItsSurface) {
  start();
  const size_t before = relay_->model().objects.size();
  app_->say(viewport_, protocol::wp_viewport, "destroy", {});
  app_->say(toplevel_, protocol::xdg_toplevel, "destroy", {});
  app_->say(xdg_surface_, protocol::xdg_surface, "destroy", {});
  app_->say(surface_, protocol::wl_surface, "destroy", {});
  exchange();
  EXPECT_LE(relay_->model().objects.size(), before - 4);
  EXPECT_EQ(said_at("b"), Lines());
}

// "Switch back to a mode without any server-side decorations at the next commit" (xdg-decoration).
class RelayDecorationTest : public RelayTest {
 protected:
  // A window that its compositor decorates.
  void start() {
    compositor("a", whole_baseline());
    start_app();
    manager_ = bind("zxdg_decoration_manager_v1");
    show_window();
    decoration_ = make_decoration();
    commit();
    exchange();
  }

  uint32_t make_decoration() {
    const uint32_t made =
        app_->make(protocol::zxdg_toplevel_decoration_v1, manager_,
                   protocol::zxdg_decoration_manager_v1, "get_toplevel_decoration", {toplevel_});
    app_->say(made, protocol::zxdg_toplevel_decoration_v1, "set_mode", {2u});
    return made;
  }
  void destroy() {
    app_->say(decoration_, protocol::zxdg_toplevel_decoration_v1, "destroy", {});
    exchange();
  }
  void commit() { app_->say(surface_, protocol::wl_surface, "commit", {}); }

  // What the next compositor hears of decorations, and when the window shows its contents.
  std::vector<std::string> said_at(const char* next) {
    std::vector<std::string> said;
    for (const std::string& line : all_said_at(next)) {
      const std::string request = line.substr(0, line.find('('));
      if (request.starts_with("zxdg_toplevel_decoration") || request.ends_with("_decoration") ||
          request == "wl_surface.attach")
        said.push_back(request.substr(request.find('.') + 1));
    }
    return said;
  }

  using Lines = std::vector<std::string>;
  uint32_t manager_ = 0, decoration_ = 0;
};

TEST_F(RelayDecorationTest, ADestroyedOneHoldsUntilTheCommit) {
  start();
  destroy();
  const Lines once = {"get_toplevel_decoration", "set_mode", "attach", "destroy"};
  EXPECT_EQ(said_at("b"), once);
  travel();
  EXPECT_EQ(said_at("c"), once) << "as often as there is no commit, and over a journey";
  commit();
  exchange();
  EXPECT_EQ(said_at("d"), Lines{"attach"});
}

TEST_F(RelayDecorationTest, TheNextOneComesBeforeTheContents) {
  start();
  destroy();
  make_decoration();
  exchange();
  const Lines next = {"get_toplevel_decoration", "set_mode", "attach"};
  EXPECT_EQ(said_at("b"), next);
}

TEST_F(RelayDecorationTest, ItGoesWithItsWindow) {
  start();
  destroy();
  app_->say(toplevel_, protocol::xdg_toplevel, "destroy", {});
  app_->say(xdg_surface_, protocol::xdg_surface, "destroy", {});
  exchange();
  EXPECT_EQ(said_at("b"), Lines{"attach"});
}

}  // namespace
}  // namespace wayferry::test
