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

#include "core_image_of.h"
#include "criu/fields.h"
#include "criu/stack_mark.h"
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
  EXPECT_TRUE(has_misleading_stack({other.pid(), misled.pid()}));
}

TEST(StackPointers, DoNotElsewhere) {
  const Pausing other(64);
  EXPECT_FALSE(has_misleading_stack({other.pid()}));
}

#endif

TEST(StackPointers, OfWhoHasEndedAreNone) {
  const pid_t child = check("fork", ::fork());
  if (child == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_FALSE(has_misleading_stack({child}));
}

TEST(StackPointers, AreMarkedOnlyWhereTheyMislead) {
  for (const uint64_t pointer : {0x7ffe1234'5000UL, 0x7ffe1234'5008UL, 0x7ffe1234'5ff0UL, 0UL}) {
    EXPECT_FALSE(misleads(marked(pointer)));
    EXPECT_EQ(unmarked(marked(pointer)), pointer);
  }
}

std::string message_of(uint64_t first_number, uint64_t first, uint64_t second_number,
                       const std::string& second) {
  std::string message;
  put_number(message, first_number, first);
  put_bytes(message, second_number, second);
  return message;
}

// A core image: mtype (1), and what belongs to the machine with registers and stack pointer where
// that machine has them.
std::string core_with_pointer(uint64_t machine, uint64_t registers, uint64_t pointer_number,
                              uint64_t pointer) {
  std::string all_registers;
  put_number(all_registers, 1, 0x5001);  // another one
  put_number(all_registers, pointer_number, pointer);
  return core_image_of(message_of(1, 1, machine, message_of(1, 7, registers, all_registers)));
}

TEST(StackPointers, AreTrueAgainInTheImages) {
  const uint64_t pointer = 0x7ffe1234'5000;
  EXPECT_EQ(with_true_stack(core_with_pointer(2, 2, 20, marked(pointer))),
            core_with_pointer(2, 2, 20, pointer));
  EXPECT_EQ(with_true_stack(core_with_pointer(8, 3, 2, marked(pointer))),
            core_with_pointer(8, 3, 2, pointer));
}

TEST(StackPointers, ThatMisleadNobodyStayInTheImages) {
  const std::string core = core_with_pointer(2, 2, 20, 0x7ffe1234'5678);
  EXPECT_EQ(with_true_stack(core), core);
}

TEST(StackPointers, AreNotMadeOfImagesCutAnywhere) {
  const std::string core = core_with_pointer(2, 2, 20, 0x7ffe1234'5001);
  constexpr size_t magic_numbers = 8;  // after them an image is one without records
  for (size_t size = 0; size < core.size(); ++size) {
    if (size == magic_numbers) continue;
    EXPECT_THROW(with_true_stack(core.substr(0, size)), ProtocolError) << size;
  }
}

}  // namespace
}  // namespace wayferry
