// SPDX-License-Identifier: MIT
#include "move/ssh.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <format>
#include <sstream>

#include "util/error.h"
#include "util/heap.h"
#include "util/io.h"
#include "util/peer_sockets.h"

namespace wayferry {
namespace {

const std::string greeting_tag = "WAYFERRY RECEIVE ";
const std::string resolved_tag = "WAYFERRY RESOLVED ";

using Clock = std::chrono::steady_clock;

// Of the search for the connection of an ssh that has just been started. A login takes some 20 ms
// at least, and much longer where connecting does.
constexpr std::chrono::milliseconds least_nap{1};
constexpr std::chrono::seconds hurry_limit{5};

// Of an ssh that has no more input, and knows what became of its connection.
constexpr std::chrono::seconds farewell_limit{3};

// ssh's exit status when ssh itself failed, and a shell's for a program that is not there.
constexpr int ssh_failed = 255;
constexpr int not_found = 127;

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

// IPQoS of ssh_config(5). By itself ssh marks a connection to a socket as it does a terminal:
// since OpenSSH 10 like a telephone call (EF), and memory in bulk must not go before those. The
// first is "lowdelay", whose name it no longer knows: what pfifo_fast and Wi-Fi let go before the
// second.
constexpr const char* minimise_delay = "IPQoS=16";
constexpr const char* background = "IPQoS=cs1";

// Of a path's end, first: muxserver_listen() in OpenSSH's mux.c.
constexpr size_t added_by_ssh = 17;

// ssh looks for tokens in it (TOKENS in ssh_config(5)).
std::string without_tokens(const Path& path) {
  std::string text;
  for (const char c : path.native()) text += c == '%' ? "%%" : std::string(1, c);
  return text;
}

// With whom a connection is shared; ControlMaster, ControlPath and ControlPersist in ssh_config(5).
// Not with a user's own ones, so that killing ours ends ours only.
std::vector<std::string> with_nobody() {
  return {"-o", "ControlMaster=no", "-o", "ControlPath=none"};
}
std::vector<std::string> lending(const Path& control) {
  return {"-o", "ControlMaster=yes", "-S", without_tokens(control), "-o", "ControlPersist=no"};
}
std::vector<std::string> borrowing(const Path& control) {
  return {"-o", "ControlMaster=no", "-S", without_tokens(control)};
}

/// What to type before the host.
std::vector<std::string> ssh_itself(const std::vector<std::string>& sharing,
                                    Urgency urgency = Urgency::usual) {
  const char* replaced = std::getenv("WAYFERRY_SSH");
  std::istringstream words(replaced && *replaced ? replaced : "ssh");
  std::vector<std::string> command;
  for (std::string word; words >> word;) command.push_back(word);
  // No questions; a dead host is noticed in 10 s, since the app is frozen meanwhile; nothing of
  // what a user runs or forwards on his own connections, which may be taken already; the cheapest
  // cipher first, if allowed. What other keys the host has is the user's affair, and not asked
  // while pages flow.
  for (const char* option :
       {"BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=3", "ServerAliveCountMax=3",
        "Compression=no", "UpdateHostKeys=no", "PermitLocalCommand=no", "RemoteCommand=none",
        "Ciphers=^aes128-gcm@openssh.com"})
    command.insert(command.end(), {"-o", option});
  command.insert(command.end(), sharing.begin(), sharing.end());
  if (urgency != Urgency::usual)
    command.insert(command.end(), {"-o", urgency == Urgency::first ? minimise_delay : background});
  return command;
}

std::vector<std::string> run_with(std::vector<std::string> command, const std::string& host,
                                  const std::vector<std::string>& remote) {
  // "--": a host that begins with a sign is not an option.
  command.insert(command.end(), {"-o", "ClearAllForwardings=yes", "-T", "--", host});
  command.insert(command.end(), remote.begin(), remote.end());
  return command;
}

}  // namespace

/// One line without its end; what came before the stream's end otherwise. Byte by byte: what
/// follows the line belongs to the protocol.
std::string read_line(int fd) {
  constexpr size_t longest_line = 256;
  std::string line;
  std::array<std::byte, 1> byte{};
  while (line.size() < longest_line) {
    if (!wait_readable(fd, login_limit) || read_full(fd, byte) == 0) return line;
    const char c = static_cast<char>(byte[0]);
    if (c == '\n') return line;
    line += c;
  }
  return line;
}

std::vector<std::string> ssh_command(const std::string& host,
                                     const std::vector<std::string>& remote, Urgency urgency) {
  return run_with(ssh_itself(with_nobody(), urgency), host, remote);
}

std::vector<std::string> ssh_between_sockets(const std::string& host, const std::string& here,
                                             const std::string& there, Urgency urgency) {
  std::vector<std::string> command = ssh_itself(with_nobody(), urgency);
  // The user's own forwardings cannot be left out then, but may fail.
  command.insert(command.end(),
                 {"-o", "ExitOnForwardFailure=no", "-N", "-L", here + ":" + there, "--", host});
  return command;
}

std::vector<std::string> ssh_asking_to_listen(const Path& control, const std::string& host,
                                              const std::string& here, const std::string& there) {
  std::vector<std::string> command = ssh_itself(borrowing(control));
  command.insert(command.end(), {"-O", "forward", "-L", here + ":" + there, "--", host});
  return command;
}

HurriedLogin::HurriedLogin(const Child& ssh)
    : thread_([pid = ssh.pid(), pidfd = ssh.hold()](const std::stop_token& stop) {
        const auto start = Clock::now();
        while (!stop.stop_requested() && Clock::now() - start < hurry_limit &&
               !stop_delays_of(pid, pidfd)) {
          const auto rest = std::max<Clock::duration>(least_nap, (Clock::now() - start) / 8);
          if (wait_readable(pidfd.get(), std::chrono::ceil<std::chrono::milliseconds>(rest)))
            return;
        }
      }) {}

std::string greeting_line(const std::string& version) {
  return std::format("{}{} {}\n", greeting_tag, transfer_protocol, version);
}

std::string resolved_line(Owner owner) {
  return resolved_tag + (owner == Owner::target ? "mine" : "dropped") + "\n";
}

std::vector<std::string> receive_here(const std::vector<std::string>& options,
                                      const std::string& fail_at) {
  std::vector<std::string> command{"/proc/self/exe", "receive"};
  command.insert(command.end(), options.begin(), options.end());
  if (!fail_at.empty()) command.insert(command.end(), {"--fail-at", fail_at});
  return command;
}

std::vector<std::string> receive_there(const std::string& host, const Path& control,
                                       const std::string& fail_at) {
  std::vector<std::string> remote{"wayferry", "receive"};
  if (!fail_at.empty()) remote.insert(remote.end(), {"--fail-at", fail_at});
  const auto sharing = control.empty() ? with_nobody() : lending(control);
  return run_with(ssh_itself(sharing), host, remote);
}

Path lending_place(const Path& folder) {
  const Path place = folder / ("ssh." + std::to_string(::getpid()));
  return place.native().size() + added_by_ssh < sizeof(sockaddr_un::sun_path) ? place : Path();
}

Receiving::Receiving(std::string host, const std::vector<std::string>& command, Path control)
    : host_(std::move(host)), control_(std::move(control)) {
  if (!control_.empty()) ::unlink(control_.c_str());  // of one that was killed
  // A pipe takes a page at a time, and twice the processor time for it.
  auto [child_in, to_child] = socket_pair();
  auto [from_child, child_out] = make_pipe();
  words_ = UniqueFd(check("memfd_create", ::memfd_create("ssh's words", MFD_CLOEXEC)));
  // A session of its own: Ctrl-C is for the mover, which needs the receiver to undo things.
  ssh_ = spawn(command, {.fds = {{0, child_in.get()}, {1, child_out.get()}, {2, words_.get()}},
                         .environment = keeping_freed_memory(),
                         .new_session = true});
  hurry_.emplace(ssh_);
  greeting_ = from_child.duplicate();
  link_.emplace(std::move(from_child), std::move(to_child), host_);
}

void Receiving::await(const std::string& version, std::chrono::seconds limit) {
  std::string line;
  if (link_->speaks_within(limit)) line = read_line(greeting_.get());
  greeting_.reset();
  if (!line.starts_with(greeting_tag)) fail_to_start(line);
  std::istringstream rest(line.substr(greeting_tag.size()));
  int protocol = 0;
  std::string their_version;
  std::string surplus;
  if (!(rest >> protocol >> their_version) || (rest >> surplus)) fail_to_start(line);
  if (protocol != transfer_protocol)
    throw Failure(host_,
                  std::format("wayferry {} there speaks protocol {}, wayferry {} here protocol {}",
                              their_version, protocol, version, transfer_protocol),
                  "install the same version of wayferry on both hosts");
}

void Receiving::fail_to_start(const std::string& line) {
  if (!line.empty())
    throw Failure(host_, "the remote shell said '" + line + "' instead of wayferry's greeting",
                  "let nothing print on standard output in that account's shell start-up files");
  link_->close();
  if (!wait_readable(ssh_.pidfd(), farewell_limit))
    throw Failure(host_, "nothing answers there",
                  "see what `ssh " + host_ + " wayferry receive` waits for");
  const int status = ssh_.wait();
  const std::string said = trimmed(words());
  if (status == not_found)
    throw Failure(host_, "wayferry is not installed there (" + said + ")",
                  "install wayferry on " + host_ + ", in a folder of PATH for ssh commands");
  if (status == ssh_failed)
    throw Failure(host_, "cannot be reached: " + said,
                  "`ssh " + host_ + " true` must work without a password");
  throw Failure(host_, std::format("wayferry receive ended with status {}: {}", status, said));
}

std::string Receiving::words() const {
  std::string text;
  std::array<char, 4096> block;
  ssize_t n = 0;
  while ((n = ::pread(words_.get(), block.data(), block.size(), static_cast<off_t>(text.size()))) >
         0)
    text.append(block.data(), static_cast<size_t>(n));
  return text;
}

Receiving::~Receiving() {
  ssh_ = {};
  if (!control_.empty()) ::unlink(control_.c_str());  // which it had no time for
}

std::optional<SharedSsh> Receiving::shared() const {
  if (control_.empty()) return std::nullopt;
  const auto first = [this] { put_first(ssh_.pid(), ssh_.hold()); };
  return SharedSsh{.control = control_, .put_first = first};
}

void Receiving::kill() {
  ::kill(ssh_.pid(), SIGKILL);
}

std::optional<Owner> ask_over_ssh(const std::string& host, const std::string& move_id) {
  const Output output = run(ssh_command(host, {"wayferry", "receive", "--resolve", move_id}));
  const std::string line = trimmed(output.out);
  if (output.status != 0) return std::nullopt;
  for (const Owner owner : {Owner::target, Owner::source})
    if (line == trimmed(resolved_line(owner))) return owner;
  return std::nullopt;
}

}  // namespace wayferry
