// SPDX-License-Identifier: MIT
//
// How the verbs reach the one seat of a host: over a unix socket. A request is the words of the
// command line, each closed by a zero byte, up to the end of the stream; the answer is empty when
// the compositor has processed everything, or else one line that says what was wrong. One request
// at a time, in order.
#pragma once

#include <span>
#include <string>

#include "seat.h"

namespace lab {

// Serves SEAT at the socket PATH until the compositor goes, which it reports by throwing.
[[noreturn]] void serve(Seat& seat, const std::string& path);

// Sends one request; returns the answer.
std::string ask(const std::string& path, std::span<const std::string> words);

}  // namespace lab
