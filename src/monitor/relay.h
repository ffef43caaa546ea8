// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "model/save.h"
#include "monitor/backlog.h"
#include "monitor/compositor_link.h"
#include "monitor/named_pointers.h"
#include "monitor/pings.h"
#include "util/error.h"
#include "wire/channel.h"
#include "wire/encode.h"

// One display connection of the app: takes whole batches from either side, checks every message,
// feeds the model, rewrites ids and serials, passes the batch on with its descriptors. Pixels pass
// as descriptors and are never touched.
//
// What the app says wrong ends its connection with a wl_display.error; what it says to an inert
// object, or with a serial of an earlier compositor, is recorded and not passed on.

namespace wayferry {

/// The app broke the protocol: `object` and `code` are those of wl_display.error.
class AppError : public ProtocolError {
 public:
  AppError(uint32_t object, uint32_t code, std::string where, const std::string& text)
      : ProtocolError(std::move(where), text), object_(object), code_(code) {}
  uint32_t object() const { return object_; }
  uint32_t code() const { return code_; }

 private:
  uint32_t object_;
  uint32_t code_;
};

/// What an app is offered at most: interface → version. Empty: no limit but ours.
using Offer = std::map<std::string, uint32_t>;

class Relay {
 public:
  /// A connection that the app has just made.
  explicit Relay(UniqueFd app);
  /// One that was frozen elsewhere; `app` is its reconnected socket.
  Relay(UniqueFd app, FrozenConnection frozen);

  WireChannel& app() { return app_; }
  Connection& model() { return *model_; }
  CompositorLink* link() { return link_.get(); }
  uint64_t messages() const { return messages_; }

  /// Handles what the app, the compositor has sent. False: that end is closed. One read where one
  /// is likely to be all: the event loop comes back for the rest.
  bool pump_app();
  bool pump_compositor();
  /// Handles everything that a frozen app has sent.
  bool drain_app();

  /// Sends what is queued, as far as the sockets take it; false: an end is closed. Nothing goes to
  /// the app while it is held.
  bool flush();

  /// The compositor sent an error that was passed on: the app's connection cannot go on.
  bool failed() const { return failed_; }

  /// Held: events wait here instead of in the app's socket, and pings are answered for it.
  void hold(bool held) { held_ = held; }
  bool held() const { return held_; }

  /// When pings are to be answered for an app that has not done it, if any wait.
  std::optional<Pings::Clock::time_point> pings_due() const { return pings_.due(); }
  void answer_pings(Pings::Clock::time_point now);

  /// The app reads less than it is told, and should say no more before it has read.
  bool app_lags() const { return backlog_.lags(); }
  const Backlog& backlog() const { return backlog_; }
  void limit_backlog(Backlog::Limits limits) { backlog_ = Backlog(limits); }
  /// Puts all that waits for the app into the queue of its socket, however much that is.
  void gather_output() { backlog_.move_to(app_, ~size_t{0}); }

  // --- for attach ------------------------------------------------------------------------------
  void set_link(std::unique_ptr<CompositorLink> link);
  void limit_offer(Offer offer) { offer_ = std::move(offer); }
  /// The version of a compositor's global that the app is offered, 0: none.
  uint32_t offered_version(const CompositorGlobal& global) const;
  /// From now on, globals that come and go are told to the app.
  void watch_globals();
  /// Sends, then handles events until the compositor has handled everything.
  void round_trip(std::chrono::steady_clock::time_point end);
  /// While rebuilding: these xdg_surfaces' next configure is answered by us, not by the app.
  std::set<Slot> self_configured;
  /// What the compositor wanted of their toplevels (body of the configure), by the toplevel's slot.
  std::map<Slot, std::string> wanted_configures;
  bool attaching = false;
  /// Focus requests recorded before the attach are due at the next keyboard focus.
  bool focus_owed = false;

  /// Sends an event of our own to the app.
  void tell(const Object& object, uint16_t opcode, const std::vector<Word>& values);
  void tell_body(const Object& object, uint16_t opcode, std::string_view body);
  /// Sends a request of our own to the compositor.
  void ask(const Object& object, uint16_t opcode, const std::vector<Word>& values);
  /// Sends a recorded request; `made` gets a new id. False: it names something inert or is newer
  /// than the compositor's version of the object.
  bool ask_recorded(Object& object, const Recorded& recorded, Object* made = nullptr,
                    uint32_t serial = 0);
  /// Binds a global for an object of the app, if this compositor has it.
  void bind_at_compositor(Object& object, const VirtualGlobal& global);
  /// Ends an object for the app: delete_id, its number is free.
  void release(Object& object);
  /// Lets an object without counterpart say so to the app.
  void tell_inert(Object& object);
  /// A data source's drag, if one is under way, has come to nothing.
  void end_drag(Object& source);
  /// Tells all of the app's registries of a global; that it is gone.
  void announce(const VirtualGlobal& global);
  void withdraw(VirtualGlobal& global);

 private:
  using Fds = std::vector<UniqueFd>;

  WireChannel::Status read_app();
  void app_message(const Header& header, Bytes body);
  Object& speaking_object(const Header& header);
  void resolve_request(Call& call);
  Object* make_requested(const Call& call, size_t index);
  void get_registry(const Call& call);
  void bind(Call& call);
  bool passable(const Call& call) const;
  void pass_request(const Call& call, Fds fds);
  void finish_request(const Call& call, bool passed);
  bool answered_before(const Call& call);
  void end_registry(Object& registry);
  void send_error(const AppError& error);

  void compositor_message(const Header& header, Bytes body);
  void skip_event(const Interface& interface, const Header& header, Bytes body);
  Fds take_fds(const Message& message, const Decoded& decoded);
  bool resolve_event(Call& call);
  bool event_code(const Call& call, Fds& fds);
  bool display_event(const Call& call);
  bool reaches_app(const Call& call) const;
  void pass_event(const Call& call, Fds fds);
  void deleted(CompositorId id);
  void compositor_error(const Call& call);
  bool forgive();
  bool configure_is_ours(const Call& call);
  bool app_takes_all() const;
  bool app_is_behind() const;
  bool flush_app();
  void look_at_backlog();
  void give_back(Object& offer);
  void focus_came(uint32_t compositor_serial);
  void global_changed(const CompositorGlobal& global, bool gone);
  bool stand_behind_known(const CompositorGlobal& global, uint32_t version);

  WireChannel app_;
  std::unique_ptr<Connection> model_;
  std::unique_ptr<CompositorLink> link_;
  Pings pings_;
  NamedPointers named_pointers_;
  Backlog backlog_;  // behind what is queued for the app's socket
  bool held_ = false;
  bool failed_ = false;
  uint64_t messages_ = 0;
  Offer offer_;
  uint32_t attaches_ = 0;  // also those before a move
  uint32_t forgiven_ = 0;
  std::chrono::steady_clock::time_point attached_;
};

}  // namespace wayferry
