// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "arrived.h"
#include "wire/channel.h"
#include "wire/encode.h"

// The app's end of a connection for tests: requests by name, events as they came or as lines of
// text. It gives ids as libwayland does, lowest free number first, and frees one when delete_id
// says so.

namespace wayferry::test {

class FakeApp {
 public:
  explicit FakeApp(UniqueFd socket);

  /// Says a request. An object that it makes gets the id that make() returned.
  void say(uint32_t object, const Interface& interface, const std::string& request,
           const std::vector<Word>& values);
  void say(uint32_t object, const Message& request, const std::vector<Word>& values);
  uint32_t make(const Interface& interface);
  /// Says a request whose first argument is the object that it makes; its id.
  uint32_t make(const Interface& made, uint32_t maker, const Interface& of,
                const std::string& request, std::vector<Word> rest = {}) {
    const uint32_t id = make(made);
    rest.insert(rest.begin(), id);
    say(maker, of, request, rest);
    return id;
  }
  /// Takes a given id for a new object, whether that is wise or not.
  void take(uint32_t id, const Interface& interface);
  uint32_t bind(uint32_t registry, const std::string& interface, uint32_t version);
  void queue_fd(UniqueFd fd) { channel_.queue_fd(std::move(fd)); }
  void say_raw(std::string_view bytes) { channel_.out() += bytes; }
  void flush() { channel_.flush(); }

  /// Goes on through another socket, with all that it has.
  void reconnect(UniqueFd socket) { channel_ = WireChannel(std::move(socket)); }

  /// Reads what has come.
  std::vector<Arrived> hear();
  /// The same, one line an event: "wl_registry@2.global(1, \"wl_shm\", 2)".
  std::vector<std::string> events();
  bool closed() const { return closed_; }
  int fd() const { return channel_.fd(); }

 private:
  void event(const Header& header, Bytes body, std::vector<Arrived>& into);
  void note(const Arrived& event);

  WireChannel channel_;
  std::vector<const Interface*> objects_;                  // by id
  std::vector<const Interface*> server_objects_;           // by id, from 0xff000000
  std::vector<std::pair<std::string, uint32_t>> globals_;  // interface, name
  bool closed_ = false;
};

}  // namespace wayferry::test
