// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "fake_app.h"

// An app that does legal things at random: surfaces with everything that is double-buffered,
// sub-surfaces, regions, pools and buffers that die before or after what was made of them,
// viewports and their like, windows and popups. What it does follows from a list of numbers alone,
// so two of them with the same list do the same in two places, and a shorter list is a shorter
// story.

namespace wayferry::test {

class Wanderer {
 public:
  /// `exchange` carries what was said to wherever it goes and what comes back to the app.
  Wanderer(FakeApp& app, std::function<std::vector<Arrived>()> exchange);

  /// Does one thing; numbers that mean nothing possible now do nothing. Returns what it was.
  std::string step(uint32_t number);
  /// Answers what windows are told to be.
  void settle();

 private:
  // Viewport, multiplier, content type, tearing hint.
  static constexpr size_t extension_kinds = 4;
  struct Surface {
    uint32_t id = 0;
    uint32_t parent = 0;      // as a sub-surface: its parent's id
    uint32_t subsurface = 0;  // the wl_subsurface
    std::array<uint32_t, extension_kinds> extensions{};
    uint32_t xdg_surface = 0, toplevel = 0, popup = 0;
    uint32_t popup_parent = 0;  // xdg_surface
    bool used = false;          // something was attached or committed
    bool configured = false;
    bool callbacks = false;
    bool shown = false;     // what was attached last is something
    bool attached = false;  // that was not committed yet
    bool was_subsurface = false;
  };
  using Surfaces = std::vector<Surface>;
  using Step = std::string (Wanderer::*)(uint32_t);

  void say(uint32_t object, const Interface& of, const std::string& request,
           const std::vector<Word>& values = {});
  Surface* any_surface(uint32_t number);
  Surface* find(uint32_t id);
  bool is_window(const Surface& surface) const { return surface.xdg_surface != 0; }
  bool has_popups(const Surface& surface) const;
  bool below(const Surface& surface, uint32_t ancestor);

  std::string make_surface(uint32_t number);
  std::string destroy_surface(uint32_t number);
  std::string attach(uint32_t number);
  std::string commit(uint32_t number);
  std::string set_numbers(uint32_t number);
  std::string frame(uint32_t number);
  std::string region(uint32_t number);
  std::string use_region(uint32_t number);
  std::string pool(uint32_t number);
  std::string buffer(uint32_t number);
  std::string extension(uint32_t number);
  std::string make_subsurface(uint32_t number);
  std::string move_subsurface(uint32_t number);
  std::string order_subsurface(uint32_t number);
  std::string mode_of_subsurface(uint32_t number);
  std::string destroy_subsurface(uint32_t number);
  std::string make_window(uint32_t number);
  std::string tell_window(uint32_t number);
  std::string set_parent(const Surface& surface, uint32_t number);
  std::string size_window(uint32_t number);
  std::string destroy_window(uint32_t number);
  std::string make_popup(uint32_t number);
  void hear(const std::vector<Arrived>& events);

  FakeApp& app_;
  std::function<std::vector<Arrived>()> exchange_;
  uint32_t registry_ = 0, compositor_ = 0, subcompositor_ = 0, shm_ = 0, wm_ = 0;
  std::array<uint32_t, extension_kinds> managers_{};
  Surfaces surfaces_;
  std::vector<uint32_t> regions_, pools_, buffers_;
  uint32_t pools_made_ = 0;
  std::vector<uint32_t> popups_;  // surfaces, in the order in which they opened
};

}  // namespace wayferry::test
