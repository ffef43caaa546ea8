// SPDX-License-Identifier: MIT
#include "server.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <format>
#include <functional>
#include <map>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

namespace lab {

namespace {

int check(const char* what, int result) {
  if (result < 0) throw std::system_error{errno, std::generic_category(), what};
  return result;
}

class Socket {
 public:
  explicit Socket(int fd) : fd_{fd} {}
  ~Socket() { ::close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

int new_socket() {
  return check("socket", ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    throw std::runtime_error{"socket path too long: " + path};
  std::memcpy(&address.sun_path[0], path.c_str(), path.size() + 1);
  return address;
}

template <typename Call>
void with_address(const char* what, Call call, const Socket& socket, const std::string& path) {
  const auto address = address_of(path);
  check(what,
        call(socket.get(), reinterpret_cast<const sockaddr*>(&address), socklen_t{sizeof address}));
}

std::string read_all(const Socket& socket) {
  std::string all;
  std::array<char, 4096> chunk{};
  while (const auto got =
             check("read", static_cast<int>(::read(socket.get(), chunk.data(), chunk.size())))) {
    all.append(chunk.data(), static_cast<std::size_t>(got));
  }
  return all;
}

void write_all(const Socket& socket, std::string_view text) {
  while (!text.empty()) {
    const auto sent = ::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL);
    text.remove_prefix(static_cast<std::size_t>(check("send", static_cast<int>(sent))));
  }
}

std::vector<std::string> split_words(std::string_view request) {
  std::vector<std::string> words;
  for (auto end = request.find('\0'); end != std::string_view::npos; end = request.find('\0')) {
    words.emplace_back(request.substr(0, end));
    request.remove_prefix(end + 1);
  }
  return words;
}

template <typename Number>
Number number(const std::string& word) {
  Number value{};
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size()) {
    throw std::runtime_error{std::format("'{}' is not a number that fits here", word)};
  }
  return value;
}

struct Verb {
  std::size_t arguments;
  std::function<void(Seat&, std::span<const std::string>)> run;
};

const std::map<std::string, Verb, std::less<>>& verbs() {
  using Words = std::span<const std::string>;
  static const std::map<std::string, Verb, std::less<>> table{
      {"type", {1, [](Seat& seat, Words w) { seat.type(w[0]); }}},
      {"key", {1, [](Seat& seat, Words w) { seat.key(w[0]); }}},
      {"hold", {1, [](Seat& seat, Words w) { seat.hold(w[0]); }}},
      {"lift", {1, [](Seat& seat, Words w) { seat.lift(w[0]); }}},
      {"point", {2, [](Seat& seat, Words w) { seat.point(number<int>(w[0]), number<int>(w[1])); }}},
      {"click", {1, [](Seat& seat, Words w) { seat.click(w[0]); }}},
      {"press", {1, [](Seat& seat, Words w) { seat.press(w[0]); }}},
      {"release", {1, [](Seat& seat, Words w) { seat.release(w[0]); }}},
      {"method", {1, [](Seat& seat, Words w) { seat.method(w[0] == "on"); }}},
      {"field", {0, [](Seat& seat, Words) { seat.demand_field(); }}},
      {"commit", {1, [](Seat& seat, Words w) { seat.commit(w[0]); }}},
      {"scroll", {1, [](Seat& seat, Words w) { seat.scroll(number<int>(w[0])); }}},
  };
  return table;
}

void execute(Seat& seat, std::span<const std::string> words) {
  const auto verb = words.empty() ? verbs().end() : verbs().find(words.front());
  if (verb == verbs().end()) throw std::runtime_error{"no such verb"};
  const auto arguments = words.subspan(1);
  if (arguments.size() != verb->second.arguments) {
    throw std::runtime_error{
        std::format("'{}' takes {} argument(s)", verb->first, verb->second.arguments)};
  }
  verb->second.run(seat, arguments);
}

std::string outcome(Seat& seat, std::span<const std::string> words) {
  try {
    execute(seat, words);
    return {};
  } catch (const CompositorGone&) {
    throw;
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

// Whatever a client does wrong, going away early included, ends that client's request and nothing
// else.
void answer_one(Seat& seat, const Socket& client) {
  try {
    write_all(client, outcome(seat, split_words(read_all(client))));
  } catch (const std::system_error&) {
    return;
  }
}

}  // namespace

void serve(Seat& seat, const std::string& path) {
  const Socket listener{new_socket()};
  ::unlink(path.c_str());  // ours from before a restart, or absent; bind tells if it is neither
  with_address("bind", ::bind, listener, path);
  check("listen", ::listen(listener.get(), 16));
  while (true) {
    std::array<pollfd, 2> waiting{{{listener.get(), POLLIN, 0}, {seat.fd(), POLLIN, 0}}};
    check("poll", ::poll(waiting.data(), waiting.size(), -1));
    if (waiting[1].revents != 0) seat.dispatch();
    if (waiting[0].revents != 0) {
      answer_one(
          seat, Socket{check("accept", ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC))});
    }
  }
}

std::string ask(const std::string& path, std::span<const std::string> words) {
  const Socket server{new_socket()};
  with_address("connect", ::connect, server, path);
  for (const auto& word : words) write_all(server, std::string_view{word.c_str(), word.size() + 1});
  check("shutdown", ::shutdown(server.get(), SHUT_WR));
  return read_all(server);
}

}  // namespace lab
