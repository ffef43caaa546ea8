// SPDX-License-Identifier: MIT
//
// lab-seat: types and points in a host of the lab.
//
//   lab-seat serve                                  holds the keyboard and the pointer
//   (WAYLAND_DISPLAY) lab-seat type TEXT | key CHORD | hold|lift CHORD | point X Y |
//   click|press|release BUTTON | scroll STEPS | method on|off | field | commit TEXT
//
// The socket between the two is named by LAB_SEAT_SOCKET.
#include <clocale>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "seat.h"
#include "server.h"

namespace {

constexpr const char* kDefaultSocket = "/run/lab-seat";

std::string socket_path() {
  const char* path = std::getenv("LAB_SEAT_SOCKET");
  return path == nullptr ? kDefaultSocket : path;
}

int run(const std::vector<std::string>& words) {
  if (words.empty()) {
    std::cerr
        << "usage: lab-seat "
           "serve|type|key|hold|lift|point|click|press|release|scroll|method|field|commit …\n";
    return 2;
  }
  if (words.front() == "serve") {
    lab::Seat seat;
    lab::serve(seat, socket_path());
  }
  const auto complaint = lab::ask(socket_path(), words);
  if (complaint.empty()) return 0;
  std::cerr << "lab-seat: " << words.front() << ": " << complaint << '\n';
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  // Texts are UTF-8 whatever the environment says.
  std::setlocale(LC_CTYPE, "C.UTF-8");
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << "lab-seat: " << error.what() << '\n';
    return 1;
  }
}
