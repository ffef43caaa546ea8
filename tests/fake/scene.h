// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "arrived.h"

// What a compositor would have to show: surfaces with their pending, cached and current state,
// sub-surfaces with order and mode, viewports and their like, windows and popups, built by hand
// after the words of wayland.xml and xdg-shell.xml and not from our rules. Two compositors that
// were brought to the same scene, by whatever requests, have equal texts. It knows no sockets.

namespace wayferry::test {

class Scene {
 public:
  /// Takes one request of the client's, after it was checked.
  void request(const Arrived& request);
  void forget();

  /// All of it, a line an object in the order of the names. `name` gives what to call a number here
  /// that both of two compositors would give the same; "" where nobody can name it any more.
  std::string text(const std::function<std::string(uint32_t)>& name) const;

 private:
  struct Ref;
  using State = std::map<std::string, std::string>;  // what → its value; objects as "@number@"

  // One of the three layers of a surface's double-buffered state.
  struct Layer {
    State state;
    std::vector<uint32_t> frames;               // in the order of the requests
    std::vector<uint32_t> stack;                // children and the surface itself, bottom to top
    std::map<uint32_t, std::string> positions;  // of children
  };
  struct Surface {
    Layer pending, cached, current;
    bool has_cached = false;
    uint32_t parent = 0;  // as a sub-surface
    bool sync = true;
    bool committed = false;  // since it has a window's role
  };
  struct Window {  // of an xdg_surface
    uint32_t surface = 0;
    uint32_t role = 0;
    std::string kind;
    State state;
  };

  void surface_request(const Arrived& request, Surface& surface);
  void subsurface_request(const Arrived& request, uint32_t child);
  void value_request(const Arrived& request);
  void window_request(const Arrived& request);
  void make(const Arrived& request);
  void destroy(uint32_t id, const Interface& interface);
  void detach(uint32_t child);
  void commit(uint32_t id);
  void apply(uint32_t id);
  bool synchronised(const Surface& surface) const;
  std::string value(const Arrived& request, size_t argument) const;
  std::string values(const Arrived& request, size_t first = 0) const;
  std::string layer_text(const Layer& layer, const std::vector<const Layer*>& below) const;
  void make_extension(const Arrived& request, const Interface& interface, uint32_t id);
  static void merge(Layer& from, Layer& into);

  std::map<uint32_t, Surface> surfaces_;
  std::map<uint32_t, std::string> values_;  // regions, positioners, buffers, pools: what they are
  std::map<uint32_t, uint32_t> belongs_;    // extension, sub-surface → its surface
  std::map<uint32_t, const Interface*> extensions_;  // viewports and their like
  std::map<uint32_t, Window> windows_;               // by xdg_surface
  std::map<uint32_t, uint32_t> roles_;               // toplevel, popup → its xdg_surface
  std::map<uint32_t, uint32_t> frames_;              // callback → its surface
};

}  // namespace wayferry::test
