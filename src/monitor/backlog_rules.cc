// SPDX-License-Identifier: MIT
#include "monitor/backlog_rules.h"

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "model/carry.h"
#include "model/recorded.h"
#include "wire/opcodes.gen.h"

namespace wayferry {
namespace {

struct Row {
  const Interface* interface;
  uint16_t event;
  Thinning thinning;
  std::string_view key = "";
};

using enum Thinning;
namespace p = protocol;
namespace ev = event;

const std::array rows = {
    Row{&p::wl_display, ev::wl_display::delete_id, answer},
    Row{&p::wl_callback, ev::wl_callback::done, answer},
    Row{&p::wl_buffer, ev::wl_buffer::release, answer},
    Row{&p::wp_presentation_feedback, ev::wp_presentation_feedback::presented, answer},
    Row{&p::wp_presentation_feedback, ev::wp_presentation_feedback::discarded, answer},
    // Windows: only the last configure has to be acknowledged (xdg-shell.xml).
    Row{&p::xdg_wm_base, ev::xdg_wm_base::ping, latest},
    Row{&p::xdg_surface, ev::xdg_surface::configure, latest},
    Row{&p::xdg_toplevel, ev::xdg_toplevel::configure, latest},
    Row{&p::xdg_toplevel, ev::xdg_toplevel::close, latest},
    Row{&p::xdg_toplevel, ev::xdg_toplevel::configure_bounds, latest},
    Row{&p::xdg_toplevel, ev::xdg_toplevel::wm_capabilities, latest},
    Row{&p::xdg_popup, ev::xdg_popup::configure, latest},
    Row{&p::xdg_popup, ev::xdg_popup::popup_done, latest},
    Row{&p::zwlr_layer_surface_v1, ev::zwlr_layer_surface_v1::configure, latest},
    Row{&p::zwlr_layer_surface_v1, ev::zwlr_layer_surface_v1::closed, latest},
    Row{&p::zxdg_toplevel_decoration_v1, ev::zxdg_toplevel_decoration_v1::configure, latest},
    Row{&p::org_kde_kwin_server_decoration, ev::org_kde_kwin_server_decoration::mode, latest},
    Row{&p::org_kde_kwin_server_decoration_manager,
        ev::org_kde_kwin_server_decoration_manager::default_mode, latest},
    Row{&p::xdg_toplevel_icon_manager_v1, ev::xdg_toplevel_icon_manager_v1::icon_size, latest, "*"},
    Row{&p::xdg_toplevel_icon_manager_v1, ev::xdg_toplevel_icon_manager_v1::done, latest},
    Row{&p::wl_surface, ev::wl_surface::preferred_buffer_scale, latest},
    Row{&p::wl_surface, ev::wl_surface::preferred_buffer_transform, latest},
    Row{&p::wp_fractional_scale_v1, ev::wp_fractional_scale_v1::preferred_scale, latest},
    Row{&p::wl_shm, ev::wl_shm::format, latest, "*"},
    Row{&p::wp_presentation, ev::wp_presentation::clock_id, latest},
    Row{&p::wp_presentation_feedback, ev::wp_presentation_feedback::sync_output, latest, "*"},
    // Outputs: several modes may be told, one of them is the current one.
    Row{&p::wl_output, ev::wl_output::geometry, latest},
    Row{&p::wl_output, ev::wl_output::mode, latest, "flags"},
    Row{&p::wl_output, ev::wl_output::scale, latest},
    Row{&p::wl_output, ev::wl_output::name, latest},
    Row{&p::wl_output, ev::wl_output::description, latest},
    Row{&p::wl_output, ev::wl_output::done, latest},
    Row{&p::zxdg_output_v1, ev::zxdg_output_v1::logical_position, latest},
    Row{&p::zxdg_output_v1, ev::zxdg_output_v1::logical_size, latest},
    Row{&p::zxdg_output_v1, ev::zxdg_output_v1::name, latest},
    Row{&p::zxdg_output_v1, ev::zxdg_output_v1::description, latest},
    Row{&p::zxdg_output_v1, ev::zxdg_output_v1::done, latest},
    // Pointer, keyboard, touch.
    Row{&p::wl_seat, ev::wl_seat::name, latest},
    Row{&p::wl_pointer, ev::wl_pointer::motion, run},
    Row{&p::wl_pointer, ev::wl_pointer::button, stroke, "button"},
    Row{&p::wl_pointer, ev::wl_pointer::axis, sum, "axis"},
    Row{&p::wl_pointer, ev::wl_pointer::axis_source, run},
    Row{&p::wl_pointer, ev::wl_pointer::axis_stop, run, "axis"},
    Row{&p::wl_pointer, ev::wl_pointer::axis_discrete, sum, "axis"},
    Row{&p::wl_pointer, ev::wl_pointer::axis_value120, sum, "axis"},
    Row{&p::wl_pointer, ev::wl_pointer::axis_relative_direction, run, "axis"},
    Row{&p::wl_pointer, ev::wl_pointer::frame, group},
    Row{&p::wl_keyboard, ev::wl_keyboard::keymap, run},
    Row{&p::wl_keyboard, ev::wl_keyboard::key, stroke, "key"},
    Row{&p::wl_keyboard, ev::wl_keyboard::modifiers, run},
    Row{&p::wl_keyboard, ev::wl_keyboard::repeat_info, latest},
    Row{&p::wl_touch, ev::wl_touch::down, down, "id"},
    Row{&p::wl_touch, ev::wl_touch::up, up, "id"},
    Row{&p::wl_touch, ev::wl_touch::motion, run, "id"},
    Row{&p::wl_touch, ev::wl_touch::shape, run, "id"},
    Row{&p::wl_touch, ev::wl_touch::orientation, run, "id"},
    Row{&p::wl_touch, ev::wl_touch::frame, group},
    Row{&p::zwp_relative_pointer_v1, ev::zwp_relative_pointer_v1::relative_motion, sum},
    Row{&p::zwp_input_timestamps_v1, ev::zwp_input_timestamps_v1::timestamp, run},
    Row{&p::zwp_pointer_gesture_swipe_v1, ev::zwp_pointer_gesture_swipe_v1::begin, down},
    Row{&p::zwp_pointer_gesture_swipe_v1, ev::zwp_pointer_gesture_swipe_v1::update, sum},
    Row{&p::zwp_pointer_gesture_swipe_v1, ev::zwp_pointer_gesture_swipe_v1::end, up},
    Row{&p::zwp_pointer_gesture_pinch_v1, ev::zwp_pointer_gesture_pinch_v1::begin, down},
    Row{&p::zwp_pointer_gesture_pinch_v1, ev::zwp_pointer_gesture_pinch_v1::update, sum},
    Row{&p::zwp_pointer_gesture_pinch_v1, ev::zwp_pointer_gesture_pinch_v1::end, up},
    Row{&p::zwp_pointer_gesture_hold_v1, ev::zwp_pointer_gesture_hold_v1::begin, down},
    Row{&p::zwp_pointer_gesture_hold_v1, ev::zwp_pointer_gesture_hold_v1::end, up},
    // Tablets.
    Row{&p::zwp_tablet_tool_v2, ev::zwp_tablet_tool_v2::down, down},
    Row{&p::zwp_tablet_tool_v2, ev::zwp_tablet_tool_v2::up, up},
    Row{&p::zwp_tablet_tool_v2, ev::zwp_tablet_tool_v2::motion, run},
    Row{&p::zwp_tablet_tool_v2, ev::zwp_tablet_tool_v2::pressure, run},
    Row{&p::zwp_tablet_tool_v2, ev::zwp_tablet_tool_v2::distance, run},
    Row{&p::zwp_tablet_tool_v2, ev::zwp_tablet_tool_v2::tilt, run},
    Row{&p::zwp_tablet_tool_v2, ev::zwp_tablet_tool_v2::rotation, run},
    Row{&p::zwp_tablet_tool_v2, ev::zwp_tablet_tool_v2::slider, run},
    Row{&p::zwp_tablet_tool_v2, ev::zwp_tablet_tool_v2::wheel, sum},
    Row{&p::zwp_tablet_tool_v2, ev::zwp_tablet_tool_v2::button, stroke, "button"},
    Row{&p::zwp_tablet_tool_v2, ev::zwp_tablet_tool_v2::frame, group},
    Row{&p::zwp_tablet_pad_v2, ev::zwp_tablet_pad_v2::button, stroke, "button"},
    Row{&p::zwp_tablet_pad_group_v2, ev::zwp_tablet_pad_group_v2::mode_switch, latest},
    Row{&p::zwp_tablet_pad_ring_v2, ev::zwp_tablet_pad_ring_v2::source, run},
    Row{&p::zwp_tablet_pad_ring_v2, ev::zwp_tablet_pad_ring_v2::angle, run},
    Row{&p::zwp_tablet_pad_ring_v2, ev::zwp_tablet_pad_ring_v2::stop, run},
    Row{&p::zwp_tablet_pad_ring_v2, ev::zwp_tablet_pad_ring_v2::frame, group},
    Row{&p::zwp_tablet_pad_strip_v2, ev::zwp_tablet_pad_strip_v2::source, run},
    Row{&p::zwp_tablet_pad_strip_v2, ev::zwp_tablet_pad_strip_v2::position, run},
    Row{&p::zwp_tablet_pad_strip_v2, ev::zwp_tablet_pad_strip_v2::stop, run},
    Row{&p::zwp_tablet_pad_strip_v2, ev::zwp_tablet_pad_strip_v2::frame, group},
    // Selections and drags. A paste that is left out comes out empty.
    Row{&p::wl_data_device, ev::wl_data_device::selection, latest},
    Row{&p::wl_data_device, ev::wl_data_device::motion, run},
    Row{&p::wl_data_device, ev::wl_data_device::drop, up},
    Row{&p::wl_data_source, ev::wl_data_source::target, latest},
    Row{&p::wl_data_source, ev::wl_data_source::send, text},
    Row{&p::wl_data_source, ev::wl_data_source::cancelled, latest},
    Row{&p::wl_data_source, ev::wl_data_source::dnd_drop_performed, latest},
    Row{&p::wl_data_source, ev::wl_data_source::dnd_finished, latest},
    Row{&p::wl_data_source, ev::wl_data_source::action, latest},
    Row{&p::wl_data_offer, ev::wl_data_offer::offer, latest, "*"},
    Row{&p::wl_data_offer, ev::wl_data_offer::source_actions, latest},
    Row{&p::wl_data_offer, ev::wl_data_offer::action, latest},
    Row{&p::zwp_primary_selection_device_v1, ev::zwp_primary_selection_device_v1::selection,
        latest},
    Row{&p::zwp_primary_selection_offer_v1, ev::zwp_primary_selection_offer_v1::offer, latest, "*"},
    Row{&p::zwp_primary_selection_source_v1, ev::zwp_primary_selection_source_v1::send, text},
    Row{&p::zwp_primary_selection_source_v1, ev::zwp_primary_selection_source_v1::cancelled,
        latest},
    // Text input. Its `done` ends a group, as a frame does.
    Row{&p::zwp_text_input_v3, ev::zwp_text_input_v3::preedit_string, run},
    Row{&p::zwp_text_input_v3, ev::zwp_text_input_v3::commit_string, text},
    Row{&p::zwp_text_input_v3, ev::zwp_text_input_v3::delete_surrounding_text, text},
    Row{&p::zwp_text_input_v3, ev::zwp_text_input_v3::done, group},
    Row{&p::zwp_text_input_v1, ev::zwp_text_input_v1::modifiers_map, run},
    Row{&p::zwp_text_input_v1, ev::zwp_text_input_v1::input_panel_state, run},
    Row{&p::zwp_text_input_v1, ev::zwp_text_input_v1::preedit_string, text},
    Row{&p::zwp_text_input_v1, ev::zwp_text_input_v1::preedit_styling, text},
    Row{&p::zwp_text_input_v1, ev::zwp_text_input_v1::preedit_cursor, text},
    Row{&p::zwp_text_input_v1, ev::zwp_text_input_v1::commit_string, text},
    Row{&p::zwp_text_input_v1, ev::zwp_text_input_v1::cursor_position, text},
    Row{&p::zwp_text_input_v1, ev::zwp_text_input_v1::delete_surrounding_text, text},
    Row{&p::zwp_text_input_v1, ev::zwp_text_input_v1::keysym, stroke, "sym"},
    Row{&p::zwp_text_input_v1, ev::zwp_text_input_v1::language, run},
    Row{&p::zwp_text_input_v1, ev::zwp_text_input_v1::text_direction, run},
};

std::vector<BacklogRule> by_number() {
  std::vector<BacklogRule> rules(all_event_rules().size());
  for (const Row& row : rows)
    rules.at(row.interface->events[row.event].number) = {row.thinning, row.key};
  return rules;
}

// An absolute value stands among a gesture's steps.
bool adds_up(const Argument& arg) {
  return (arg.type == ArgType::fixed || arg.type == ArgType::integer) && arg.name != "scale";
}

uint32_t saturated_sum(uint32_t a, uint32_t b) {
  const int64_t sum = int64_t{static_cast<int32_t>(a)} + static_cast<int32_t>(b);
  return static_cast<uint32_t>(static_cast<int32_t>(std::clamp<int64_t>(
      sum, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max())));
}

}  // namespace

const BacklogRule& backlog_rule(const Message& event) {
  static const std::vector<BacklogRule> rules = by_number();
  return rules[event.number];
}

std::string backlog_key(const Message& event, const std::string& body) {
  const std::string_view key = backlog_rule(event).key;
  if (key.empty()) return {};
  if (key == "*") return body;
  Decoded decoded;
  decode(event, bytes_of(body), decoded);
  return body.substr(value_of(event, decoded, key).offset, sizeof(uint32_t));
}

std::string backlog_sum(const Message& event, const std::string& older, std::string newer) {
  Decoded was;
  Decoded is;
  decode(event, bytes_of(older), was);
  decode(event, bytes_of(newer), is);
  for (size_t i = 0; i < is.count; ++i)
    if (adds_up(event.args[i]))
      set_word(newer, is.values[i].offset, saturated_sum(was.values[i].word, is.values[i].word));
  return newer;
}

}  // namespace wayferry
