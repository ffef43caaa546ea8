// SPDX-License-Identifier: MIT
#pragma once

#include "util/unique_fd.h"

// Ctrl-C, a closed terminal and kill(1) must not end a mover between freezing an app and deciding
// where it lives. From construction on, SIGINT, SIGTERM and SIGHUP are only noted; the mover looks
// between its steps and while it waits for the other host, and then fails as with any other error,
// which undoes what was done. Made before any thread, so that no thread takes the signals.

namespace wayferry {

class Interrupt {
 public:
  Interrupt();

  /// Readable when a signal has come.
  int fd() const { return signals_.get(); }
  /// Throws Failure if a signal has come.
  void check() const;

 private:
  UniqueFd signals_;
};

}  // namespace wayferry
