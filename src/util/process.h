// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "util/unique_fd.h"

// Helper programs (runc, criu, ssh, skopeo …): started with explicit descriptors, waited for, their
// words kept for the error message.

namespace wayferry {

/// A child process; the destructor kills (SIGKILL) and reaps one that was not waited for.
class Child {
 public:
  Child() = default;
  Child(pid_t pid, UniqueFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  Child(Child&& other) noexcept = default;
  Child& operator=(Child&& other) noexcept {
    std::swap(pid_, other.pid_);
    std::swap(pidfd_, other.pidfd_);
    return *this;
  }
  ~Child();

  pid_t pid() const { return pid_; }
  /// Readable once the child has ended.
  int pidfd() const { return pidfd_.get(); }
  /// Another descriptor of that kind.
  UniqueFd hold() const { return pidfd_.duplicate(); }
  /// Waits for the end. Returns the exit code, or 128 + signal number as a shell does.
  int wait();
  /// Lets the child live on without an owner.
  void disown() { pid_ = -1; }

 private:
  pid_t pid_ = -1;
  UniqueFd pidfd_;
};

struct SpawnOptions {
  /// Child's descriptor number ← our descriptor. Whatever of 0, 1 and 2 is not named is /dev/null.
  std::vector<std::pair<int, int>> fds;
  std::vector<std::string> environment;  ///< "K=V", added to ours
  bool new_session = false;              ///< setsid: the child outlives our terminal
  bool ends_with_us = false;             ///< SIGKILL when the thread that starts it has ended
  bool many_descriptors = false;         ///< as many as we may have (descriptor_limit.h)
};

/// Starts argv[0] (searched in PATH). Throws SystemError if it cannot be started.
Child spawn(const std::vector<std::string>& argv, const SpawnOptions& options = {});

struct Output {
  int status = 0;  ///< as Child::wait
  std::string out;
  std::string err;
};

/// Runs a program to its end with nothing on standard input, keeps what it prints.
Output run(const std::vector<std::string>& argv);

/// The same; a non-zero status is a Failure that quotes the end of what it printed.
std::string run_checked(const std::vector<std::string>& argv);

/// For error messages: the command as one would type it.
std::string join_command(const std::vector<std::string>& argv);

}  // namespace wayferry
