// SPDX-License-Identifier: MIT
#pragma once

#include <map>

#include "model/connection.h"
#include "monitor/cursor_theme.h"

// The app names its pointer's shape (wp_cursor_shape_device_v1), since its first compositor drew
// what is named, and this one has no such global: so the shape is drawn here, from the user's
// theme, and set as the app would set a picture of its own.
//
// All of it is ours at the compositor: the app and the model hear nothing of it, it ends with the
// compositor, and a pointer that the app sets itself takes its place there. One surface and one
// buffer a pointer, however often the shape changes.

namespace wayferry {

class Relay;
class CompositorLink;

class NamedPointers {
 public:
  /// The app named a shape, and the compositor cannot be told. Where the serial is none of this
  /// compositor's, or there is no picture, nothing is said.
  void set_shape(Relay& relay, const Call& call);

  /// The compositor is gone, and all that was made there.
  void forget();

 private:
  struct Wanted {
    uint32_t shape = 0;
    uint32_t scale = 0;
    bool operator==(const Wanted&) const = default;
  };
  struct Picture {
    CompositorId surface{};
    CompositorId buffer{};
    Wanted drawn;
    uint32_t scale = 1;  ///< of the buffer: less than wanted where the theme has no larger picture
    uint32_t hot_x = 0;
    uint32_t hot_y = 0;
  };

  bool bind_globals(CompositorLink& link);
  bool draw(CompositorLink& link, Picture& picture, Wanted wanted);
  void destroy_orphans(CompositorLink& link, Connection& model);

  CursorTheme theme_;
  std::map<Slot, Picture> pictures_;  // by the pointer or the tool
  CompositorId compositor_{};
  CompositorId shm_{};
};

}  // namespace wayferry
