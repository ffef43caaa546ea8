// SPDX-License-Identifier: MIT
//
// What no rule of protocols/carry.rules says: a message with code must name its test here, and an
// object with nothing behind it must say so. A new message is covered by having a rule.
#include <algorithm>
#include <map>

#include "../fake/carry_fixture.h"
#include "wire/opcodes.gen.h"

namespace wayferry::test {
namespace {

// The tests of messages whose rule is `code`.
const std::map<std::string, std::string> code_tests = {
    {"wl_display.get_registry", "RelayTest.OffersOnlyTheBaselineInTheLowerVersion"},
    {"wl_registry.bind", "RelayCodeTest.GlobalsAreBoundByTheNamesOfTheCompositorOfNow"},
    {"wl_surface.commit", "RelayTest.RebuildsAWindowAtAnotherCompositor"},
    {"wl_surface.frame", "RelayTest.PendingFrameCallbacksAreAskedForAgain"},
    {"wl_subsurface.place_above", "RelayTest.SubSurfacesKeepTheirParentAndOrderAndComeBeforeIt"},
    {"wl_subsurface.place_below", "RelayTest.SubSurfacesKeepTheirParentAndOrderAndComeBeforeIt"},
    {"wl_subsurface.set_sync", "AttachProperty.ReachesTheSceneThatTheSameRequestsReachDirectly"},
    {"wl_subsurface.set_desync", "AttachProperty.ReachesTheSceneThatTheSameRequestsReachDirectly"},
    {"wl_seat.get_pointer", "RelayCodeTest.DevicesThatTheSeatLacksAreInertUntilItHasThem"},
    {"wl_seat.get_keyboard", "RelayCodeTest.DevicesThatTheSeatLacksAreInertUntilItHasThem"},
    {"wl_seat.get_touch", "RelayCodeTest.DevicesThatTheSeatLacksAreInertUntilItHasThem"},
    {"wl_data_device.start_drag", "RelayDragTest.ADragEndsForItsSource"},
    {"wl_data_source > cancelled", "RelayDragTest.WhatTheCompositorCancelledIsNotCancelledAgain"},
    {"wl_data_source > dnd_finished", "RelayDragTest.WhatHasFinishedIsNotCancelled"},
    {"wl_data_device > drop", "RelayDragTest.WhatWasDroppedIsNotLeft"},
    {"xdg_surface.ack_configure", "RelayTest.DropsSerialsOfAnEarlierCompositor"},
    {"xdg_popup.grab", "RelayCodeTest.APopupWithAGrabIsDismissed"},
    {"zwlr_layer_surface_v1.ack_configure", "RelayCodeTest.ALayerSurfaceIsConfiguredByUs"},
    {"zwp_text_input_v3.commit", "RelayCodeTest.ATextInputsCommitsAreCountedOn"},
    {"wl_display > error", "RelayCodeTest.ACompositorsErrorReachesTheApp"},
    {"wl_display > delete_id", "RelayTest.ALostGlobalMakesTheAppFallBack"},
    {"wl_registry > global", "RelayCodeTest.GlobalsComeAndGo"},
    {"wl_registry > global_remove", "RelayCodeTest.GlobalsComeAndGo"},
    {"wl_buffer > release", "RelayTest.ReleasesOnlyBuffersThatTheAppBelievesBusy"},
    {"wl_fixes.destroy_registry", "BridgeTest.ARegistryCanBeGivenUp"},
    {"wl_output > scale", "BridgeTest.AScaleThatChangesUnderAWindowIsToldToIt"},
    {"wl_seat > capabilities", "RelayCodeTest.DevicesThatTheSeatLacksAreInertUntilItHasThem"},
    {"wl_keyboard > keymap", "RelayCodeTest.AKeymapIsGivenAsAFileOfOurs"},
    {"xdg_wm_base > ping", "RelayTest.HeldEventsWaitAndPingsAreAnswered"},
    {"xdg_surface > configure", "RelayTest.RebuildsAWindowAtAnotherCompositor"},
    {"xdg_toplevel > configure", "RelayCodeTest.ASizeThatDiffersReachesTheApp"},
    {"xdg_popup > configure", "RelayCodeTest.APopupIsPutBackWhereItWas"},
    {"zwlr_layer_surface_v1 > configure", "RelayCodeTest.ALayerSurfaceIsConfiguredByUs"},
    {"zwp_text_input_v3 > done", "RelayCodeTest.ATextInputsCommitsAreCountedOn"},
};

bool is_a_test(const std::string& name) {
  const auto& all = *::testing::UnitTest::GetInstance();
  for (int i = 0; i < all.total_test_suite_count(); ++i)
    for (int j = 0; j < all.GetTestSuite(i)->total_test_count(); ++j)
      if (std::string(all.GetTestSuite(i)->name()) + "." +
              all.GetTestSuite(i)->GetTestInfo(j)->name() ==
          name)
        return true;
  return false;
}

TEST_F(CarryRules, EveryMessageWithCodeNamesATestThatExists) {
  std::map<std::string, std::string> unused = code_tests;
  const auto look = [&](const Message& message, bool event, bool code) {
    if (!code) return;
    const auto named = code_tests.find(name_of(message, event));
    ASSERT_NE(named, code_tests.end()) << name_of(message, event) << " has no test";
    EXPECT_TRUE(is_a_test(named->second)) << named->second;
    unused.erase(named->first);
  };
  for (const Interface* interface : all_interfaces()) {
    for (const Message& message : interface->requests)
      look(message, false, request_carry(message).rule == RequestRule::code);
    for (const Message& message : interface->events)
      look(message, true, event_carry(message).rule == EventRule::code);
  }
  for (const auto& [message, test] : unused) ADD_FAILURE() << message << " has no code";
}

// Objects with nothing behind them say what makes an app fall back; those whose global is required
// come to this in other ways, and have tests of their own.
TEST_F(CarryRules, EveryObjectWithoutCounterpartSaysSo) {
  const std::map<const Interface*, std::string> elsewhere = {
      {&protocol::wl_callback, "RelayCodeTest.FrameCallbacksOfWhatIsNotThereFireOnce"},
      {&protocol::xdg_popup, "RelayCodeTest.APopupWithAGrabIsDismissed"}};
  for (const InterfaceCarry& traits : all_traits()) {
    if (traits.without < 0) continue;
    if (const auto named = elsewhere.find(traits.interface); named != elsewhere.end()) {
      EXPECT_TRUE(is_a_test(named->second)) << named->second;
      continue;
    }
    Situation s(compositors_);
    const uint32_t object = s.object(*traits.interface);
    const Message& event = traits.interface->events[static_cast<size_t>(traits.without)];
    s.move_to_bare();
    const auto heard = s.carry();
    const auto said = std::ranges::find(heard, &event, &Arrived::message);
    ASSERT_NE(said, heard.end()) << qualified_name(event);
    EXPECT_EQ(said->object, object);
    const Decoded decoded = said->decoded();
    for (size_t i = 0; i < decoded.count; ++i)
      EXPECT_TRUE(event.args[i].type == ArgType::string ||
                  decoded.values[i].word == traits.without_argument)
          << qualified_name(event);
  }
}

}  // namespace
}  // namespace wayferry::test
