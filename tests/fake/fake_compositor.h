// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "model/object.h"
#include "wire/channel.h"
#include "wire/decode.h"
#include "wire/encode.h"

// A compositor that shows nothing and writes down everything: it offers the globals it is told to,
// checks every request against the tables, answers as the protocol demands (done, delete_id,
// configure after a window's first commit), and keeps each request as a line of text. It serves
// connections one after the other in a thread of its own, so that blocking code can be tested.

namespace wayferry::test {

class FakeCompositor {
 public:
  struct Global {
    std::string interface;
    uint32_t version;
  };

  FakeCompositor(const Path& display, std::vector<Global> globals);
  ~FakeCompositor();

  /// All requests so far: "wl_surface.attach(wl_buffer, 0, 0)", objects by their interface.
  std::vector<std::string> requests() const;
  /// What went against the protocol; empty in a sane test.
  std::vector<std::string> complaints() const;
  /// Sends an event to the newest object of an interface.
  void send(const std::string& interface, const std::string& event, std::vector<Word> values);
  /// Ends the connection of now, as a compositor that dies does.
  void drop_client();

 private:
  struct Fake {
    const Interface* interface;
    uint32_t version;
    uint32_t maker = 0;
  };

  void serve();
  void serve_client(UniqueFd socket);
  void handle(const Header& header, Bytes body);
  void note(const Header& header, const Message& message, const Decoded& decoded);
  void answer(const Header& header, const Message& message, const Decoded& decoded);
  void make(uint32_t id, const Interface& interface, uint32_t version, uint32_t maker);
  void remove(uint32_t id);
  void emit(uint32_t id, const std::string& event, const std::vector<Word>& values);
  void complain(const std::string& text);

  UniqueFd listener_;
  std::vector<Global> globals_;
  mutable std::mutex mutex_;  // all below
  WireChannel client_;
  std::map<uint32_t, Fake> objects_;
  std::map<uint32_t, uint32_t> windows_;  // surface → its xdg_surface
  std::map<uint32_t, bool> configured_;   // xdg_surface → was sent a configure
  std::vector<std::string> requests_;
  std::vector<std::string> complaints_;
  uint32_t serial_ = 100;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace wayferry::test
