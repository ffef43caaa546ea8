// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include "criu/stack_pointers.h"
#include "util/error.h"
#include "util/io.h"

namespace wayferry {
namespace {

#ifdef __x86_64__

// push rbp; mov rbp, rsp; and rsp, -4096; sub rsp, BELOW; mov eax, pause; syscall
std::array<unsigned char, 22> pausing_code(unsigned char below) {
  return {0x55, 0x48, 0x89, 0xe5,  0x48, 0x81, 0xe4, 0x00, 0xf0, 0xff, 0xff,
          0x48, 0x83, 0xec, below, 0xb8, 0x22, 0x00, 0x00, 0x00, 0x0f, 0x05};
}

// A process that waits in pause(2) with its stack pointer that far below the end of a page.
class Pausing {
 public:
  explicit Pausing(unsigned char below) : pid_(check("fork", ::fork())) {
    if (pid_ == 0) run(below);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    const Path syscall = "/proc/" + std::to_string(pid_) + "/syscall";
    while (!read_file(syscall).value_or("").starts_with("34 ")) {
      CHECK(std::chrono::steady_clock::now() < end);
      std::this_thread::yield();
    }
  }
  ~Pausing() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  pid_t pid() const { return pid_; }

 private:
  [[noreturn]] static void run(unsigned char below) {
    void* const page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    std::ranges::copy(pausing_code(below), static_cast<unsigned char*>(page));
    reinterpret_cast<void (*)()>(page)();
    ::_exit(1);
  }
  pid_t pid_;
};

TEST(StackPointers, MisleadCriuAtTheBeginningOfAPage) {
  const Pausing misled(0);
  const Pausing other(64);
  EXPECT_EQ(with_misleading_stack({other.pid(), misled.pid()}), misled.pid());
}

TEST(StackPointers, DoNotElsewhere) {
  const Pausing other(64);
  EXPECT_EQ(with_misleading_stack({other.pid()}), 0);
}

#endif

TEST(StackPointers, OfWhoHasEndedAreNone) {
  const pid_t child = check("fork", ::fork());
  if (child == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(with_misleading_stack({child}), 0);
}

}  // namespace
}  // namespace wayferry
