// SPDX-License-Identifier: MIT
#include "../fake/relay_fixture.h"

namespace wayferry::test {
namespace {

using namespace std::chrono_literals;

TEST_F(RelayTest, OffersOnlyTheBaselineInTheLowerVersion) {
  compositor("a");
  registry_ = app_->make(protocol::wl_registry);
  app_->say(1, protocol::wl_display, "get_registry", {registry_});
  const auto events = exchange();
  EXPECT_EQ(count(events, "wl_drm"), 0u);
  EXPECT_EQ(count(events, "\"wl_compositor\", 6"), 1u);
  EXPECT_EQ(count(events, "\"xdg_wm_base\", 5"), 1u);
  EXPECT_EQ(count(events, "wl_fixes"), 1u) << "which is ours";
  EXPECT_EQ(count(events, ".global("), plain.size());
}

TEST_F(RelayTest, PassesAWindowOn) {
  FakeCompositor& a = compositor("a");
  start_app();
  show_window();
  EXPECT_EQ(count(a.requests(), "wl_surface.attach(wl_buffer, 0, 0)"), 1u);
  EXPECT_TRUE(a.complaints().empty());
}

TEST_F(RelayTest, RebuildsAWindowAtAnotherCompositor) {
  compositor("a");
  start_app();
  show_window();
  FakeCompositor& b = compositor("b");
  const auto events = exchange();
  const auto said = b.requests();
  EXPECT_EQ(count(said, "xdg_toplevel.set_title(second)"), 1u);
  EXPECT_EQ(count(said, "set_title(first)"), 0u);
  EXPECT_EQ(count(said, "wl_shm_pool.create_buffer"), 1u);
  EXPECT_EQ(count(said, "wl_shm_pool.destroy"), 1u) << "a dead maker is made and destroyed again";
  EXPECT_EQ(count(said, "xdg_surface.ack_configure"), 1u) << "answered by us";
  EXPECT_EQ(count(said, "wl_surface.attach(wl_buffer, 0, 0)"), 1u);
  EXPECT_EQ(count(events, "configure"), 0u) << "the size is left to us, so the app hears nothing";
  EXPECT_TRUE(b.complaints().empty()) << b.complaints().front();
}

TEST_F(RelayTest, WordsOfAnAttachStayTheSameInTheNext) {
  compositor("a");
  start_app();
  show_window();
  const auto first = compositor("b").requests();
  exchange();
  const auto second = compositor("c").requests();
  EXPECT_EQ(first, second);
}

TEST_F(RelayTest, SubSurfacesKeepTheirParentAndOrderAndComeBeforeIt) {
  compositor("a");
  start_app();
  show_window();
  const uint32_t subcompositor = app_->bind(registry_, "wl_subcompositor", 1);
  std::vector<uint32_t> children;
  for (int i = 0; i < 2; ++i) {
    const uint32_t child = app_->make(protocol::wl_surface);
    app_->say(compositor_, protocol::wl_compositor, "create_surface", {child});
    const uint32_t role = app_->make(protocol::wl_subsurface);
    app_->say(subcompositor, protocol::wl_subcompositor, "get_subsurface",
              {role, child, children.empty() ? surface_ : children.back()});
    app_->say(child, protocol::wl_surface, "attach", {buffer_, 0u, 0u});
    app_->say(child, protocol::wl_surface, "commit", {});
    if (i == 0) app_->say(role, protocol::wl_subsurface, "place_below", {surface_});
    children.push_back(child);
  }
  exchange();
  FakeCompositor& b = compositor("b");
  exchange();
  const auto said = b.requests();
  EXPECT_TRUE(b.complaints().empty());
  EXPECT_EQ(count(said, "get_subsurface"), 2u);
  EXPECT_EQ(count(said, "place_below(wl_surface)"), 1u);
  EXPECT_EQ(count(said, "wl_surface.attach(wl_buffer, 0, 0)"), 3u);
  // The window's own contents come last: its commit takes its sub-surfaces' over.
  const auto last_attach =
      std::find(said.rbegin(), said.rend(), "wl_surface.attach(wl_buffer, 0, 0)");
  const auto placed =
      std::find(said.rbegin(), said.rend(), "wl_subsurface.place_below(wl_surface)");
  EXPECT_LT(placed - said.rbegin(), last_attach - said.rbegin()) << "placed with the parent";
}

TEST_F(RelayTest, DropsSerialsOfAnEarlierCompositor) {
  compositor("a");
  start_app();
  show_window();
  FakeCompositor& b = compositor("b");
  exchange();
  app_->say(xdg_surface_, protocol::xdg_surface, "ack_configure", {last_serial_});
  exchange();
  EXPECT_EQ(count(b.requests(), "ack_configure"), 1u) << "only our own answer";
}

TEST_F(RelayTest, ReleasesOnlyBuffersThatTheAppBelievesBusy) {
  FakeCompositor& a = compositor("a");
  start_app();
  show_window();
  a.send("wl_buffer", "release", {});
  EXPECT_EQ(count(exchange(), "release"), 1u);
  FakeCompositor& b = compositor("b");
  exchange();
  b.send("wl_buffer", "release", {});
  EXPECT_EQ(count(exchange(), "release"), 0u) << "it was free for the app already";
}

TEST_F(RelayTest, ALostGlobalMakesTheAppFallBack) {
  compositor("a");
  start_app();
  show_window();
  const uint32_t manager = app_->bind(registry_, "zxdg_decoration_manager_v1", 1);
  const uint32_t decoration = app_->make(protocol::zxdg_toplevel_decoration_v1);
  app_->say(manager, protocol::zxdg_decoration_manager_v1, "get_toplevel_decoration",
            {decoration, toplevel_});
  exchange();
  auto without = plain;
  std::erase_if(without, [](const auto& g) { return g.interface.starts_with("zxdg_decoration"); });
  FakeCompositor& b = compositor("b", without);
  const auto events = exchange();
  EXPECT_EQ(
      count(events, "zxdg_toplevel_decoration_v1@" + std::to_string(decoration) + ".configure(1)"),
      1u);
  app_->say(decoration, protocol::zxdg_toplevel_decoration_v1, "set_mode", {2u});
  app_->say(decoration, protocol::zxdg_toplevel_decoration_v1, "destroy", {});
  EXPECT_EQ(count(exchange(), "delete_id(" + std::to_string(decoration) + ")"), 1u);
  EXPECT_TRUE(b.complaints().empty());
}

TEST_F(RelayTest, BridgesOlderVersions) {
  compositor("a");
  start_app();
  show_window();
  auto older = plain;
  older[0].version = 4;  // wl_surface.offset came with 5
  FakeCompositor& b = compositor("b", older);
  app_->say(surface_, protocol::wl_surface, "offset", {1u, 1u});
  app_->say(surface_, protocol::wl_surface, "commit", {});
  exchange();
  EXPECT_EQ(count(b.requests(), "offset"), 0u);
  EXPECT_TRUE(b.complaints().empty());
}

TEST_F(RelayTest, PendingFrameCallbacksAreAskedForAgain) {
  compositor("a");
  start_app();
  show_window();
  const uint32_t callback = app_->make(protocol::wl_callback);
  app_->say(surface_, protocol::wl_surface, "frame", {callback});
  app_->say(surface_, protocol::wl_surface, "commit", {});
  exchange();
  FakeCompositor& b = compositor("b");
  exchange();
  EXPECT_EQ(count(b.requests(), "wl_surface.frame"), 1u);
  b.send("wl_callback", "done", {5u});
  EXPECT_EQ(count(exchange(), "wl_callback@" + std::to_string(callback) + ".done(5)"), 1u);
}

TEST_F(RelayTest, FocusIsTakenAwayBeforeItIsGivenAgain) {
  FakeCompositor& a = compositor("a");
  start_app();
  show_window();
  const std::string keyboard = focus_keyboard(a);
  compositor("b");
  EXPECT_EQ(count(exchange(), keyboard + ".leave"), 1u);
}

// A held key is repeated by the app until it hears this.
TEST_F(RelayTest, FocusIsTakenAwayWhenNoCompositorComes) {
  FakeCompositor& a = compositor("a");
  start_app();
  show_window();
  const std::string leave = focus_keyboard(a) + ".leave";
  detach(*relay_);
  EXPECT_EQ(count(app_->events(), leave), 1u);
  compositor("b");
  EXPECT_EQ(count(exchange(), leave), 0u) << "it has been told";
}

TEST_F(RelayTest, ABadRequestEndsTheConnectionWithItsReason) {
  compositor("a");
  start_app();
  app_->say_raw(std::string("\x99\0\0\0\0\0\x08\0", 8));  // object 153 is not there
  app_->flush();
  const auto events = exchange();
  EXPECT_FALSE(alive_);
  EXPECT_EQ(count(events, "wl_display@1.error"), 1u);
}

TEST_F(RelayTest, ADescriptorThatDidNotComeIsAnError) {
  compositor("a");
  start_app();
  app_->say(shm_, protocol::wl_shm, "create_pool", {app_->make(protocol::wl_shm_pool), 4096u});
  const auto events = exchange();
  EXPECT_FALSE(alive_);
  EXPECT_EQ(count(events, "file descriptor"), 1u);
}

TEST_F(RelayTest, AnIdThatIsTakenOrLeavesAGapIsAnError) {
  compositor("a");
  start_app();
  app_->say(compositor_, protocol::wl_compositor, "create_surface", {5000u});
  exchange();
  EXPECT_FALSE(alive_);
}

TEST_F(RelayTest, HeldEventsWaitAndPingsAreAnswered) {
  FakeCompositor& a = compositor("a");
  start_app();
  show_window();
  relay_->hold(true);
  a.send("xdg_wm_base", "ping", {77u});
  a.send("xdg_toplevel", "close", {});
  EXPECT_TRUE(exchange().empty());
  exchange();
  EXPECT_EQ(count(a.requests(), "xdg_wm_base.pong(77)"), 1u);
  relay_->hold(false);
  const auto events = exchange();
  EXPECT_EQ(count(events, "ping"), 0u);
  EXPECT_EQ(count(events, "close"), 1u);
}

TEST_F(RelayTest, AStateThatTravelledAttachesInTheSameWords) {
  compositor("a");
  start_app();
  show_window();
  const Saved saved = save(*relay_);
  const auto stayed = compositor("b").requests();
  travel();
  const auto travelled = compositor("c").requests();
  EXPECT_EQ(stayed, travelled);
  EXPECT_EQ(save(*relay_).message.objects_size(), saved.message.objects_size());
}

TEST_F(RelayTest, FreedIdsMayBeTakenInAnyOrderAfterAJourney) {
  compositor("a");
  start_app();
  const uint32_t lower = app_->make(protocol::wl_region);
  const uint32_t upper = app_->make(protocol::wl_region);
  for (const uint32_t region : {lower, upper}) {
    app_->say(compositor_, protocol::wl_compositor, "create_region", {region});
    app_->say(region, protocol::wl_region, "destroy", {});
  }
  exchange();
  travel();
  compositor("b");
  app_->say(compositor_, protocol::wl_compositor, "create_region", {upper});
  exchange();
  EXPECT_TRUE(alive_);
}

TEST_F(RelayTest, NoDamagedStateIsBelievedOrCrashes) {
  compositor("a");
  start_app();
  show_window();
  const Saved saved = save(*relay_);
  const std::string whole = saved.message.SerializeAsString();
  size_t refused = 0;
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const std::string& damaged :
         {whole.substr(0, at), whole.substr(0, at) + "\x7f" + whole.substr(at + 1)}) {
      state::Connection message;
      if (!message.ParseFromString(damaged)) {
        ++refused;
        continue;
      }
      try {
        load_connection(message, std::vector<std::shared_ptr<PoolFile>>(saved.files));
      } catch (const ProtocolError&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, whole.size());
}

// Libraries of one program have a registry each.
TEST_F(RelayTest, EveryRegistryIsToldOfEveryGlobalAndBindsThem) {
  compositor("a");
  start_app();
  const uint32_t other = app_->make(protocol::wl_registry, 1, protocol::wl_display, "get_registry");
  EXPECT_EQ(count(exchange(), name("wl_registry", other) + ".global("),
            relay_->model().globals.size());
  const uint32_t seat = app_->bind(other, "wl_seat", 9);
  auto more = plain;
  more.push_back({"wp_presentation", 1});
  FakeCompositor& b = compositor("b", more);
  const auto heard = exchange();
  for (const uint32_t registry : {registry_, other})
    EXPECT_EQ(count(heard, name("wl_registry", registry) + ".global("), 1u) << registry;
  app_->bind(other, "wp_presentation", 1);
  app_->say(seat, protocol::wl_seat, "release", {});
  exchange();
  EXPECT_EQ(count(b.requests(), "wl_seat.release"), 1u);
  EXPECT_EQ(std::ranges::count_if(b.heard(),
                                  [](const Arrived& request) {
                                    return request.is("wl_registry.bind") &&
                                           as_text(request.decoded().values[1].data) ==
                                               "wp_presentation";
                                  }),
            1);
  EXPECT_TRUE(alive_ && b.complaints().empty());
}

TEST_F(RelayTest, MissingRequiredGlobalsAreNamed) {
  FakeCompositor bare(display("bare"), {{"wl_compositor", 6}, {"wl_shm", 1}});
  control::Global needed;
  needed.set_interface("xdg_wm_base");
  needed.set_version(5);
  control::Global harmless;
  harmless.set_interface("wp_viewporter");
  const auto missing = missing_globals(display("bare"), {needed, harmless}, 5s);
  ASSERT_EQ(missing.size(), 1u);
  EXPECT_NE(missing[0].find("xdg_wm_base version 5"), std::string::npos);
}

}  // namespace
}  // namespace wayferry::test
