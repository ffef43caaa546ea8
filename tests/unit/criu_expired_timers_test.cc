// SPDX-License-Identifier: MIT
// CRIU's image of open files, with periodic timers that nobody could read in time.
#include "criu/expired_timers.h"

#include <gtest/gtest.h>

#include "criu/fields.h"
#include "util/error.h"

namespace wayferry {
namespace {

using namespace std::string_literals;

struct Times {
  uint64_t ticks;
  uint64_t left_seconds;
  uint64_t left_nanoseconds;
  uint64_t period_seconds;
  uint64_t period_nanoseconds;
};

// A regular file, and a timer with id (1), clock (4) and the rest.
std::string files_with(const Times& times) {
  std::string timer;
  put_number(timer, 1, 5);
  put_number(timer, 4, 1);
  put_number(timer, 5, times.ticks);
  put_number(timer, 7, times.left_seconds);
  put_number(timer, 8, times.left_nanoseconds);
  put_number(timer, 9, times.period_seconds);
  put_number(timer, 10, times.period_nanoseconds);
  std::string file;
  put_number(file, 1, 16);
  put_bytes(file, 12, timer);
  return "\x19\x43\x56\x54\x38\x31\x30\x56"s + "\x08\0\0\0\x08\x01\x10\x07\x1a\x02\x08\x07"s +
         static_cast<char>(file.size()) + "\0\0\0"s + file;
}

// What is put anew stands at the end of its message.
Times times_of(const std::string& image) {
  Times times{};
  Records records(image, 0x56303138, "test");
  for (std::string_view record; records.next(record);)
    for (Fields file(record, "test"); file.next();)
      for (Fields timer(file.number == 12 ? file.bytes : std::string_view(), "test"); timer.next();)
        if (timer.number == 7)
          times.left_seconds = timer.value;
        else if (timer.number == 8)
          times.left_nanoseconds = timer.value;
  return times;
}

TEST(ExpiredTimers, HaveAWholePeriodLeft) {
  const Times times = times_of(with_running_timers(files_with({1, 0, 0, 2, 500'000'000})));
  EXPECT_EQ(times.left_seconds, 2u);
  EXPECT_EQ(times.left_nanoseconds, 500'000'000u);
}

TEST(ExpiredTimers, AreNoOthers) {
  const Times others[] = {
      {0, 0, 0, 2, 0},      // switched off
      {1, 0, 0, 0, 0},      // due once
      {3, 1, 0, 2, 0},      // running, and not read for long
      {0, 0, 1'000, 0, 9},  // running
  };
  for (const Times& times : others)
    EXPECT_EQ(with_running_timers(files_with(times)), files_with(times));
}

TEST(ExpiredTimers, AreNotMadeOfImagesCutAnywhere) {
  const std::string whole = files_with({1, 0, 0, 2, 0});
  constexpr size_t magic_numbers = 8;  // after them an image is one without records
  constexpr size_t first_record = 12;
  for (size_t size = 0; size < whole.size(); ++size) {
    if (size == magic_numbers || size == magic_numbers + first_record) continue;
    EXPECT_THROW(with_running_timers(whole.substr(0, size)), ProtocolError) << size;
  }
}

}  // namespace
}  // namespace wayferry
