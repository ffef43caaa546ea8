// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fake_app.h"
#include "fake_compositor.h"
#include "monitor/relay.h"

// An app in whatever situation a message needs to be legal, found from the tables alone: to have an
// object it binds the global or makes it by the first request that can, with all that this one
// needs, or has the compositor make it. Values are counted up, so that two requests never look the
// same.

namespace wayferry::test {

/// Two compositors with everything we carry, and one with only what an app cannot do without. They
/// serve one situation after the other.
struct Compositors {
  explicit Compositors(const Path& folder);
  Path first_display, second_display, bare_display;
  FakeCompositor first, second, bare;
};

/// A message with values for its arguments, by their positions; descriptors have none.
struct Saying {
  const Message* message = nullptr;
  uint32_t object = 0;             ///< the app's number
  std::vector<uint32_t> words;     ///< numbers and the app's numbers of objects
  std::vector<std::string> texts;  ///< of strings and arrays
  uint32_t made = 0;               ///< the app's number of the object that it makes
};

class Situation {
 public:
  explicit Situation(Compositors& compositors);

  Relay& relay() { return *relay_; }
  FakeApp& app() { return *app_; }
  FakeCompositor& at() { return *at_; }

  /// Whether an app can have such an object in the versions that we offer.
  static bool reachable(const Interface& interface);
  /// A living object of this kind, made for this call; its number for the app.
  uint32_t object(const Interface& interface);
  /// The same, made by this request of a new object. Returns what was said.
  Saying make_by(const Message& request);

  /// A request with fresh values on an object, not said yet.
  Saying request(uint32_t object, const Message& message);
  void say(const Saying& saying);
  /// An event with fresh values; `null` leaves out the objects that may be null.
  Saying event(uint32_t object, const Message& message, bool null = false);
  void tell(const Saying& saying);

  /// Carries everything; what the app heard since the last call.
  std::vector<Arrived> carry();
  bool cut_off() const { return cut_off_; }
  /// Attaches the app to the second, to the bare compositor.
  void move();
  void move_to_bare();

  /// A serial that the compositor of now gives the app; there it has another number.
  uint32_t fresh_serial();
  uint32_t last_serial_there() const { return serial_there_; }

  /// What the app's object is there; null where it is inert or gone.
  Object* model_of(uint32_t object);
  uint32_t there(uint32_t object);
  /// Whether a message that arrived is this one, with every number translated.
  bool same_at_compositor(const Arrived& arrived, const Saying& saying);
  bool same_at_app(const Arrived& arrived, const Saying& saying);
  /// How often the compositor of now has heard exactly this.
  size_t times_heard(const Saying& saying);
  size_t times_heard(const Message& message);

 private:
  enum class End { app, compositor };
  void attach_to(FakeCompositor& compositor, const Path& display);
  uint32_t bind(const Interface& interface);
  void fill(Saying& saying, End speaker, bool null);
  void fill_argument(Saying& saying, size_t index, End speaker, bool null);
  std::vector<Word> words_for(const Saying& saying, End listener);
  std::vector<UniqueFd> files_for(const Message& message);
  bool same(const Arrived& arrived, const Saying& saying, End listener);
  bool same_argument(const Argument& arg, const Value& value, uint32_t word,
                     const std::string& text, End listener);

  Compositors& compositors_;
  std::unique_ptr<FakeApp> app_;
  std::unique_ptr<Relay> relay_;
  FakeCompositor* at_ = nullptr;
  uint32_t registry_ = 0;
  uint32_t keyboard_ = 0;
  uint32_t count_ = 0;  // of values given
  uint32_t next_server_id_ = 0xff000000;
  uint32_t serial_ = 5000;
  uint32_t serial_there_ = 0;
  bool cut_off_ = false;
};

/// The message's index in words and texts is its argument's; this is its made object's argument.
std::optional<size_t> made_argument(const Message& message);

}  // namespace wayferry::test
