// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "move/host.h"
#include "move/link.h"
#include "util/io.h"
#include "util/process.h"
#include "util/unique_fd.h"

// The only file that knows ssh. `ssh HOST wayferry receive` answers with one line,
//   WAYFERRY RECEIVE <protocol> <version>
// and from then on speaks transfer.proto. The line is parsed strictly: whatever else a login shell
// prints there would otherwise be read as messages. ssh's own words go to a memory file and are
// quoted when the connection fails. WAYFERRY_SSH (words separated by spaces) replaces "ssh".

namespace wayferry {

/// Where a network sorts what it carries: `first`, because somebody waits for it; behind all
/// others; or as ssh and the user's settings have it.
enum class Urgency : uint8_t { usual, background, first };

/// For a login on a slow host: above ConnectTimeout.
constexpr std::chrono::seconds login_limit{30};

/// ssh, its options, the host, then `remote`.
std::vector<std::string> ssh_command(const std::string& host,
                                     const std::vector<std::string>& remote,
                                     Urgency urgency = Urgency::usual);

/// An ssh without a command. Once it is logged in it listens at the unix socket `here`, and sshd
/// connects whoever comes there to the one at `there`, if it may.
std::vector<std::string> ssh_between_sockets(const std::string& host, const std::string& here,
                                             const std::string& there,
                                             Urgency urgency = Urgency::usual);

/// The connection of an ssh that is up already, lent to others (ControlPath in ssh_config(5)).
struct SharedSsh {
  Path control;                     ///< the socket at which it takes requests
  std::function<void()> put_first;  ///< lets a network carry it before all else from now on
};

/// As ssh_between_sockets, but that one listens which lends its connection at `control`, and this
/// one ends once it does.
std::vector<std::string> ssh_asking_to_listen(const Path& control, const std::string& host,
                                              const std::string& here, const std::string& there);

/// ssh sends small packets at once only after its login, in the course of which one waits for the
/// answer to the one before, and that for the 40 ms for which Linux delays an acknowledgement
/// alone. This does it from the beginning, in the background.
class HurriedLogin {
 public:
  /// `ssh` may end before this.
  explicit HurriedLogin(const Child& ssh);

 private:
  std::jthread thread_;
};

/// For what else speaks through ssh: the first line of an answer without its end, after which the
/// protocol begins.
std::string read_line(int fd);

/// The commands that start a receiver: on another host, for a move; on this one, for a file.
/// `control`: where the connection is lent; empty: nowhere. `fail_at` is for tests (fault.h).
std::vector<std::string> receive_there(const std::string& host, const Path& control,
                                       const std::string& fail_at);
std::vector<std::string> receive_here(const std::vector<std::string>& options,
                                      const std::string& fail_at);

/// Where in `folder` a connection that this process has made may be lent; empty if a socket's path
/// cannot be that long.
Path lending_place(const Path& folder);

/// A running receiver on the target.
class Receiving {
 public:
  /// Begins to start it. `host` is what messages call the target, `control` where the command lends
  /// its connection, if it does.
  Receiving(std::string host, const std::vector<std::string>& command, Path control = {});
  ~Receiving();
  Receiving(const Receiving&) = delete;
  Receiving& operator=(const Receiving&) = delete;
  /// Waits for it. Throws Failure: unreachable (in ssh's words), wayferry missing there, another
  /// version than ours. Before that the link leads nowhere yet.
  void await(const std::string& version, std::chrono::seconds limit = login_limit);

  Link& link() { return *link_; }
  /// What ssh and the receiver printed on their standard error so far.
  std::string words() const;
  /// Its connection, where that is lent. Must not be used after this has ended.
  std::optional<SharedSsh> shared() const;
  /// For tests: as if the connection broke.
  void kill();

 private:
  [[noreturn]] void fail_to_start(const std::string& line);

  std::string host_;
  Path control_;
  Child ssh_;
  std::optional<HurriedLogin> hurry_;
  UniqueFd words_;
  std::optional<Link> link_;
  UniqueFd greeting_;
};

/// What a receiver prints first, and what one that was only asked about a move prints.
std::string greeting_line(const std::string& version);
std::string resolved_line(Owner owner);

/// Asks the target's journal about a move over a connection of its own; nothing if unreachable.
std::optional<Owner> ask_over_ssh(const std::string& host, const std::string& move_id);

}  // namespace wayferry
