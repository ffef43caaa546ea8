// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

#include "engine/pending_criu.h"
#include "util/error.h"

namespace wayferry {
namespace {

using namespace std::chrono_literals;

enum class Character { good, stubborn, busy };

// A process that does at the gate what CRIU does. A good one ends when the gate is closed, a busy
// one when a process has ended that it starts only then.
class PlayedCriu {
 public:
  explicit PlayedCriu(const Path& gate, Character character = Character::good) {
    auto [words, say] = make_pipe();
    words_ = std::move(words);
    pid_ = check("fork", ::fork());
    if (pid_ == 0) play(gate, say.get(), character);
    EXPECT_EQ(word(), 'c');
  }
  PlayedCriu(const PlayedCriu&) = delete;
  PlayedCriu& operator=(const PlayedCriu&) = delete;
  ~PlayedCriu() {
    if (pid_ <= 0) return;
    signal(SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  bool silent() const { return !wait_readable(words_.get(), 0ms); }
  void demand_let_go() { EXPECT_EQ(word(), 'g'); }
  void demand_end_of_words() { EXPECT_EQ(word(), '\0'); }
  void signal(int signal) const { ::kill(pid_, signal); }
  void stop() const {
    signal(SIGSTOP);
    int status = 0;
    check("waitpid", ::waitpid(pid_, &status, WUNTRACED));
    EXPECT_TRUE(WIFSTOPPED(status));
  }
  /// As waitpid(2) tells it.
  int status() {
    int status = 0;
    check("waitpid", ::waitpid(pid_, &status, 0));
    pid_ = -1;
    return status;
  }

 private:
  [[noreturn]] static void play(const Path& gate, int say, Character character) {
    // Not what the test has open, the gate's other end first of all.
    const auto above = static_cast<unsigned>(say);
    ::close_range(STDERR_FILENO + 1, above - 1, 0);
    ::close_range(above + 1, ~0U, 0);
    const auto connection = connect_unix(gate);
    if (!connection) ::_exit(2);
    write_all(say, std::string_view("c"));
    char byte = 0;
    if (::read(connection->get(), &byte, 1) != 1) ::_exit(1);
    write_all(say, std::string_view("g"));
    while (character == Character::stubborn) ::pause();
    if (::read(connection->get(), &byte, 1) > 0) ::_exit(3);
    if (character == Character::good) ::_exit(0);
    const pid_t started = ::fork();
    if (started == 0) ::sleep(600);
    int status = 0;
    ::_exit(::waitpid(started, &status, 0) == started && WIFSIGNALED(status) ? 0 : 4);
  }
  char word() {
    char c = 0;
    return ::read(words_.get(), &c, 1) == 1 ? c : '\0';
  }

  UniqueFd words_;
  pid_t pid_ = -1;
};

// The command's only part is to end when it is told to.
class PendingCriuTest : public testing::Test {
 protected:
  PendingCriuTest() {
    std::filesystem::create_directory(folder_);
    check("mkfifo", ::mkfifo(in_folder("end").c_str(), 0600));
  }
  ~PendingCriuTest() override { std::filesystem::remove_all(folder_); }

  std::vector<std::string> ends_when_told() const {
    return {"sh", "-c", "read word < " + in_folder("end").native() + "; exit 7"};
  }
  void tell_to_end() const {
    const UniqueFd end(check("open", ::open(in_folder("end").c_str(), O_WRONLY | O_CLOEXEC)));
    write_all(end.get(), std::string_view("word\n"));
  }
  Path in_folder(const char* name) const { return folder_ / name; }
  Path gate() const { return in_folder("gate"); }
  int wait(PendingCriu& pending) {
    PatientWait patience(patience_, [this] { return progress_; });
    return pending.wait(patience);
  }
  void start(const std::vector<std::string>& command, CriuWork work = CriuWork::dump) {
    pending_.emplace(work, command, SpawnOptions{}, gate());
  }
  void let_go(PlayedCriu& criu) {
    ASSERT_TRUE(pending_->arrived());
    pending_->open();
    criu.demand_let_go();
  }

  std::optional<PendingCriu> pending_;
  Patience patience_;
  uint64_t progress_ = 0;

 private:
  Path folder_ =
      std::filesystem::temp_directory_path() / ("wayferry-pending-" + std::to_string(::getpid()));
};

TEST_F(PendingCriuTest, WaitsUntilItIsLetGo) {
  start(ends_when_told());
  PlayedCriu criu(gate());
  EXPECT_TRUE(pending_->arrived());
  EXPECT_TRUE(pending_->arrived());
  EXPECT_TRUE(criu.silent());
  pending_->open();
  criu.demand_let_go();
  tell_to_end();
  EXPECT_EQ(wait(*pending_), 7);
}

TEST_F(PendingCriuTest, SaysThatNobodyWaitsWhenTheCommandEnds) {
  start({"sh", "-c", "exit 3"});
  EXPECT_FALSE(pending_->arrived());
  EXPECT_EQ(wait(*pending_), 3);
}

TEST_F(PendingCriuTest, IsDoneOnceTheSignIsThere) {
  const Path sign = in_folder("sign");
  write_file(sign, "of an earlier one");
  const std::string writes = "cd " + sign.parent_path().native() +
                             "; read word < end; echo > other; echo 1 > new; mv new sign"
                             "; read word < end; exit 7";
  std::optional<PendingCriu> pending(std::in_place, CriuWork::restore,
                                     std::vector<std::string>{"sh", "-c", writes}, SpawnOptions{},
                                     gate(), sign);
  EXPECT_FALSE(std::filesystem::exists(sign));
  tell_to_end();
  EXPECT_EQ(wait(*pending), 0);
  tell_to_end();
  pending.reset();
}

TEST_F(PendingCriuTest, WithoutASignHasFailed) {
  PendingCriu pending(CriuWork::restore, {"sh", "-c", "exit 3"}, {}, gate(), in_folder("sign"));
  EXPECT_EQ(wait(pending), 3);
}

TEST_F(PendingCriuTest, HearsOfTheEndOfCriuBeforeThatOfTheCommand) {
  start(ends_when_told());
  PlayedCriu criu(gate());
  let_go(criu);
  criu.signal(SIGKILL);
  PatientWait patience(patience_, [] { return 0; });
  pending_->wait_for_criu(patience);
  tell_to_end();
  EXPECT_EQ(wait(*pending_), 7);
}

TEST_F(PendingCriuTest, TellsNobodyToGoOnWhenItIsDropped) {
  start({"true"});
  PlayedCriu criu(gate());
  pending_.reset();
  EXPECT_EQ(WEXITSTATUS(criu.status()), 1);
  criu.demand_end_of_words();
  EXPECT_FALSE(connect_unix(gate()));
}

TEST_F(PendingCriuTest, EndsADumpThatMakesNoProgressByItsGate) {
  start(ends_when_told());
  PlayedCriu criu(gate());
  let_go(criu);
  patience_.stall = 100ms;
  EXPECT_THROW(wait(*pending_), Failure);
  tell_to_end();
  pending_.reset();
  EXPECT_EQ(criu.status(), 0);
}

TEST_F(PendingCriuTest, WakesADumpThatWasStoppedSoThatItCanEnd) {
  start({"sh", "-c", "kill -STOP $$"});
  PlayedCriu criu(gate());
  let_go(criu);
  criu.stop();
  pending_.reset();
  EXPECT_EQ(criu.status(), 0);
}

TEST_F(PendingCriuTest, KillsADumpThatDoesNotEnd) {
  start({"sleep", "600"});
  PlayedCriu criu(gate(), Character::stubborn);
  let_go(criu);
  pending_.reset();
  EXPECT_EQ(WTERMSIG(criu.status()), SIGKILL);
}

TEST_F(PendingCriuTest, KillsTheCriuThatARuntimeLeaves) {
  start({"sh", "-c", "kill -KILL $$"});
  PlayedCriu criu(gate(), Character::stubborn);
  let_go(criu);
  EXPECT_EQ(wait(*pending_), 128 + SIGKILL);
  pending_.reset();
  EXPECT_EQ(WTERMSIG(criu.status()), SIGKILL);
}

TEST_F(PendingCriuTest, KillsWhatWasRestoredBeforeItWakesCriu) {
  const std::string end = in_folder("end").native();
  start({"sh", "-c", "sleep 600 > " + end + " & sleep 600"});
  const UniqueFd restored(check("open", ::open(end.c_str(), O_RDONLY | O_CLOEXEC)));
  PlayedCriu criu(gate());
  let_go(criu);
  criu.stop();
  pending_.reset();
  EXPECT_EQ(read_to_end(restored.get()), "");  // nobody has the other end any more
  EXPECT_EQ(criu.status(), 0);
}

TEST_F(PendingCriuTest, KillsWhatARestoreStartsBeforeItHearsOfItsEnd) {
  start({"sleep", "600"}, CriuWork::restore);
  PlayedCriu criu(gate(), Character::busy);
  let_go(criu);
  pending_.reset();
  EXPECT_EQ(criu.status(), 0);
}

TEST_F(PendingCriuTest, BearsADumpThatGoesOnUntilItIsToldToLook) {
  start({"sleep", "600"});
  auto [wake, wakes] = make_pipe();
  int looks = 0;
  patience_ = {.wake = wake.get(),
               .look =
                   [&] {
                     ++progress_;
                     if (++looks == 10) write_all(wakes.get(), std::string_view("!"));
                     if (!wait_readable(wake.get(), 0ms) || looks == 10) return;
                     throw Failure("", "told to");
                   },
               .stall = 50ms};
  EXPECT_THROW(wait(*pending_), Failure);
  EXPECT_EQ(looks, 11);
}

}  // namespace
}  // namespace wayferry
