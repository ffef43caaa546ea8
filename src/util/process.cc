// SPDX-License-Identifier: MIT
#include "util/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "util/descriptor_limit.h"
#include "util/error.h"
#include "util/io.h"

extern char**
    environ;  // NOLINT(readability-redundant-declaration): not declared without _GNU_SOURCE

namespace wayferry {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (const std::string& s : strings) result.push_back(const_cast<char*>(s.c_str()));
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> merged_environment(const std::vector<std::string>& added) {
  std::vector<std::string> result = added;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view old(*entry);
    const auto name = old.substr(0, old.find('=') + 1);
    if (std::ranges::none_of(added, [&](const std::string& a) { return a.starts_with(name); }))
      result.emplace_back(old);
  }
  return result;
}

// What a child does before it becomes its program.
struct Departure {
  char* const* argv;
  char* const* environment;
  const std::vector<int>& moves;  // number, source, number …
  bool new_session;
  bool ends_with_us;
  bool many_descriptors;
  pid_t parent;
  int error_pipe;
};

// In the child, which has our memory until exec: only async-signal-safe calls, no allocation.
[[noreturn]] void depart(const Departure& departure) {
  if (departure.new_session) ::setsid();
  if (departure.ends_with_us) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != departure.parent) ::_exit(127);  // ended before that
  }
  signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (size_t i = 0; i < departure.moves.size(); i += 2)
    ::dup2(departure.moves[i + 1], departure.moves[i]);
  if (!departure.many_descriptors)
    restore_descriptor_limit();  // not before: our own may be above it
  ::execvpe(departure.argv[0], departure.argv, departure.environment);
  const int error = errno;
  (void)!::write(departure.error_pipe, &error, sizeof error);
  ::_exit(127);
}

// A copy of our memory would cost twice: it is made, and then each page that we write to is copied
// once more. A function of its own, because to ASan what the child leaves behind on the stack would
// be the caller's.
pid_t vfork_to(const Departure& departure) {
  // NOLINTNEXTLINE(clang-analyzer-security.insecureAPI.vfork)
  const pid_t pid = ::vfork();
  if (pid == 0) depart(departure);
  return pid;
}

// Sources first moved above all wanted numbers: a dup2 can then never overwrite a later source.
std::vector<UniqueFd> lift_sources(const SpawnOptions& options, std::vector<int>& moves) {
  int floor = 3;
  for (const auto& [number, source] : options.fds)
    floor = std::max({floor, number + 1, source + 1});
  std::vector<UniqueFd> lifted;
  const auto add = [&](int number, int source) {
    lifted.emplace_back(check("fcntl F_DUPFD_CLOEXEC", ::fcntl(source, F_DUPFD_CLOEXEC, floor)));
    moves.push_back(number);
    moves.push_back(lifted.back().get());
  };
  for (const auto& [number, source] : options.fds) add(number, source);
  const UniqueFd null(check("open", ::open("/dev/null", O_RDWR | O_CLOEXEC), "/dev/null"));
  for (const int number : {0, 1, 2})
    if (std::ranges::none_of(options.fds, [&](const auto& f) { return f.first == number; }))
      add(number, null.get());
  return lifted;
}

}  // namespace

Child::~Child() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

int Child::wait() {
  CHECK(pid_ > 0);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0)
    if (errno != EINTR) throw SystemError(errno, "waitpid");
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Child spawn(const std::vector<std::string>& argv, const SpawnOptions& options) {
  CHECK(!argv.empty());
  int error_ends[2];
  check("pipe2", ::pipe2(error_ends, O_CLOEXEC));
  UniqueFd error_read(error_ends[0]);
  UniqueFd error_write(error_ends[1]);
  const auto arguments = pointers(argv);
  const auto environment = merged_environment(options.environment);
  const auto environment_pointers = pointers(environment);
  std::vector<int> moves;
  const auto lifted = lift_sources(options, moves);

  const pid_t pid = check("vfork", vfork_to({.argv = arguments.data(),
                                             .environment = environment_pointers.data(),
                                             .moves = moves,
                                             .new_session = options.new_session,
                                             .ends_with_us = options.ends_with_us,
                                             .many_descriptors = options.many_descriptors,
                                             .parent = ::getpid(),
                                             .error_pipe = error_write.get()}));
  Child child(pid,
              UniqueFd(static_cast<int>(check("pidfd_open", ::syscall(SYS_pidfd_open, pid, 0)))));
  error_write.reset();
  int error = 0;
  if (read_full(error_read.get(), std::as_writable_bytes(std::span(&error, 1))) == sizeof error) {
    child.wait();
    throw SystemError(error, "exec", argv[0]);
  }
  return child;
}

Output run(const std::vector<std::string>& argv) {
  int out_ends[2];
  int err_ends[2];
  check("pipe2", ::pipe2(out_ends, O_CLOEXEC));
  check("pipe2", ::pipe2(err_ends, O_CLOEXEC));
  UniqueFd out(out_ends[0]);
  UniqueFd err(err_ends[0]);
  UniqueFd out_write(out_ends[1]);
  UniqueFd err_write(err_ends[1]);
  Child child = spawn(argv, {.fds = {{1, out_write.get()}, {2, err_write.get()}}});
  out_write.reset();
  err_write.reset();
  Output output;
  // Both at once: a program that fills one pipe while we read the other would never end.
  pollfd entries[2] = {{out.get(), POLLIN, 0}, {err.get(), POLLIN, 0}};
  while (entries[0].fd >= 0 || entries[1].fd >= 0) {
    if (::poll(entries, 2, -1) < 0 && errno != EINTR) throw SystemError(errno, "poll");
    for (int i = 0; i < 2; ++i) {
      if (entries[i].fd < 0 || entries[i].revents == 0) continue;
      char block[8192];
      const ssize_t n = ::read(entries[i].fd, block, sizeof block);
      if (n > 0) (i == 0 ? output.out : output.err).append(block, static_cast<size_t>(n));
      if (n == 0) entries[i].fd = -1;
    }
  }
  output.status = child.wait();
  return output;
}

std::string run_checked(const std::vector<std::string>& argv) {
  Output output = run(argv);
  if (output.status == 0) return std::move(output.out);
  std::string words = output.err.empty() ? output.out : output.err;
  constexpr size_t kept = 2000;  // the end is where programs say why
  if (words.size() > kept) words = "…" + words.substr(words.size() - kept);
  throw Failure("", "`" + join_command(argv) + "` ended with status " +
                        std::to_string(output.status) + ": " + words);
}

std::string join_command(const std::vector<std::string>& argv) {
  std::string line;
  for (const std::string& word : argv) {
    if (!line.empty()) line += ' ';
    const bool plain = !word.empty() && word.find_first_of(" \t\n\"'\\$&|;<>()*?") == word.npos;
    line += plain ? word : "'" + word + "'";
  }
  return line;
}

}  // namespace wayferry
