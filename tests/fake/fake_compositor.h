// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "arrived.h"
#include "util/io.h"
#include "wire/channel.h"
#include "wire/encode.h"

// A compositor that shows nothing and writes down everything: it offers the globals it is told to,
// checks every request against the tables, answers as the protocol demands (done, delete_id,
// configure after a window's first commit), and keeps each request as it came and as a line of
// text. It serves connections one after the other in a thread of its own, so that blocking code can
// be tested.

namespace wayferry::test {

class FakeCompositor {
 public:
  struct Global {
    std::string interface;
    uint32_t version;
  };
  struct Manners {
    bool deletes_ids = true;         ///< says delete_id at once when an object has ended
    uint32_t seat_capabilities = 7;  ///< pointer, keyboard, touch
    uint32_t window_width = 0;       ///< that it wants of windows; 0: left to the app
  };

  FakeCompositor(const Path& display, std::vector<Global> globals)
      : FakeCompositor(display, std::move(globals), Manners{}) {}
  FakeCompositor(const Path& display, std::vector<Global> globals, Manners manners);
  ~FakeCompositor();

  /// All requests of the connection of now, or the last one: "wl_surface.attach(wl_buffer, 0, 0)",
  /// objects by their interface.
  std::vector<std::string> requests() const;
  /// The same as they came.
  std::vector<Arrived> heard() const;
  /// What went against the protocol; empty in a sane test.
  std::vector<std::string> complaints() const;
  /// The living objects of the connection of now.
  std::map<uint32_t, const Interface*> living() const;

  /// Sends an event to the newest object of an interface.
  void send(const std::string& interface, const std::string& event,
            const std::vector<Word>& values);
  /// Sends an event to an object; objects that it makes take the ids given for them.
  void tell(uint32_t object, const Message& event, const std::vector<Word>& values,
            std::vector<UniqueFd> fds = {});
  void send_raw(std::string_view bytes);
  /// A descriptor that goes out with the next bytes.
  void queue_fd(UniqueFd fd);
  void set_deletes_ids(bool by_itself);
  /// Ends the connection of now, as a compositor that dies does.
  void drop_client();

  /// Called for each request, in the compositor's thread, after it was checked.
  std::function<void(const Arrived&)> on_request;
  /// Called for a new connection.
  std::function<void()> on_client;

 private:
  struct Fake {
    const Interface* interface;
    uint32_t version;
    uint32_t maker = 0;
  };

  void serve();
  void serve_client(UniqueFd socket);
  bool read_client();
  bool wait(int fd);
  void handle(const Header& header, Bytes body);
  std::string line_of(const Arrived& request);
  std::string argument_text(const Arrived& request, const Argument& arg, const Value& value);
  void answer(const Arrived& request);
  void answer_commit(uint32_t surface);
  uint32_t role_of(uint32_t xdg_surface) const;
  void configure_window(uint32_t xdg_surface, uint32_t role);
  void make(uint32_t id, const Interface& interface, uint32_t version, uint32_t maker);
  void remove(uint32_t id);
  void emit(uint32_t id, const std::string& event, const std::vector<Word>& values);
  void complain(const std::string& text);

  UniqueFd listener_;
  UniqueFd stop_;  // an eventfd, readable once it is time
  std::vector<Global> globals_;
  Manners manners_;
  mutable std::recursive_mutex mutex_;  // all below; a callback may ask
  WireChannel client_;
  std::map<uint32_t, Fake> objects_;
  std::map<uint32_t, uint32_t> windows_;  // surface → its xdg_surface
  std::map<uint32_t, bool> configured_;   // xdg_surface → was sent a configure
  std::vector<Arrived> heard_;
  std::vector<std::string> lines_;
  std::vector<std::string> complaints_;
  uint32_t serial_ = 100;
  std::thread thread_;
};

/// Every global of the baseline in the version we carry.
std::vector<FakeCompositor::Global> whole_baseline();

}  // namespace wayferry::test
