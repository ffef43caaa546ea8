// SPDX-License-Identifier: MIT
#include "move/interrupt.h"

#include <signal.h>
#include <sys/signalfd.h>

#include "util/error.h"
#include "util/io.h"

namespace wayferry {

Interrupt::Interrupt() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
  if (const int error = ::pthread_sigmask(SIG_BLOCK, &set, nullptr))
    throw SystemError(error, "pthread_sigmask");
  signals_ =
      UniqueFd(wayferry::check("signalfd", ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)));
}

void Interrupt::check() const {
  // Not read: once interrupted, every later look finds it too.
  if (wait_readable(signals_.get(), std::chrono::milliseconds(0)))
    throw Failure("", "interrupted by a signal");
}

}  // namespace wayferry
