// SPDX-License-Identifier: MIT
#include "criu/expired_timers.h"

#include "criu/fields.h"
#include "criu/image.h"

namespace wayferry {
namespace {

// From CRIU's images: file_entry.tfd is field 12 (fdinfo.proto); how often it came due and was not
// read, the time left and the period, in seconds and nanoseconds (timerfd.proto).
constexpr uint64_t field_timer = 12;
constexpr uint64_t field_ticks = 5;
constexpr uint64_t field_left_seconds = 7;
constexpr uint64_t field_left_nanoseconds = 8;
constexpr uint64_t field_period_seconds = 9;
constexpr uint64_t field_period_nanoseconds = 10;

struct Timer {
  explicit Timer(std::string_view entry) {
    for (Fields fields(entry, files_image); fields.next();)
      if (fields.number <= field_period_nanoseconds) values[fields.number] = fields.value;
  }
  bool has(uint64_t seconds, uint64_t nanoseconds) const {
    return values[seconds] != 0 || values[nanoseconds] != 0;
  }
  // One that was switched off has not come due since.
  bool waits_for_its_reader() const {
    return values[field_ticks] != 0 && !has(field_left_seconds, field_left_nanoseconds) &&
           has(field_period_seconds, field_period_nanoseconds);
  }

  uint64_t values[field_period_nanoseconds + 1] = {};
};

std::string running(std::string_view entry, const Timer& timer) {
  std::string result =
      without_fields(entry, {field_left_seconds, field_left_nanoseconds}, files_image);
  put_number(result, field_left_seconds, timer.values[field_period_seconds]);
  put_number(result, field_left_nanoseconds, timer.values[field_period_nanoseconds]);
  return result;
}

}  // namespace

std::string with_running_timers(std::string_view files) {
  return rewritten(files, files_magic, files_image, [](const Fields& field, std::string& file) {
    const Timer timer(field.number == field_timer ? field.bytes : std::string_view());
    if (timer.waits_for_its_reader())
      put_bytes(file, field_timer, running(field.bytes, timer));
    else
      file += field.raw;
  });
}

void let_timers_run(const Path& images) {
  const std::string before = read_file(images / files_image).value_or("");
  const std::string after = with_running_timers(before);
  if (after != before) write_file(images / files_image, after);
}

}  // namespace wayferry
