// SPDX-License-Identifier: MIT
#include "util/unique_fd.h"

#include <fcntl.h>
#include <unistd.h>

#include "util/error.h"

namespace wayferry {

void UniqueFd::reset() {
  // close() is not repeated after EINTR: on Linux the descriptor is gone by then (close(2)).
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

UniqueFd UniqueFd::duplicate() const {
  return UniqueFd(check("fcntl F_DUPFD_CLOEXEC", ::fcntl(fd_, F_DUPFD_CLOEXEC, 0)));
}

}  // namespace wayferry
