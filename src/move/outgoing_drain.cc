// SPDX-License-Identifier: MIT
#include "move/outgoing_drain.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>

#include "pages/page_source.h"

namespace wayferry {
namespace {

using transfer::ToSource;

// The target's numbers about a drain follow its end at once.
constexpr std::chrono::seconds last_words_limit{10};

// Often enough for a bar on a terminal.
constexpr std::chrono::milliseconds bar_pause{200};

void fill_in(DrainReport& report, const PageSourceNumbers& numbers) {
  report.fault_pages = numbers.fault_pages;
  report.bulk_pages = numbers.bulk_pages;
  report.known_pages = numbers.known_pages;
  report.wire_bytes = numbers.wire_bytes;
}

void fill_in(DrainReport& report, const transfer::Drained& drained) {
  report.pages = drained.pages();
  report.arrived_pages = drained.arrived_pages();
  report.zero_pages = drained.zero_pages();
  report.dropped_pages = drained.dropped_pages();
  report.faults = drained.faults();
  report.fault_p50_us = drained.fault_p50_us();
  report.fault_p99_us = drained.fault_p99_us();
}

}  // namespace

OutgoingDrain::OutgoingDrain(OutgoingApp app, PageLogins logins, Link& link)
    : app_(std::move(app)), link_(link), pages_(app_.address) {
  pages_.connect(std::move(logins));
  start_standby();
}

void OutgoingDrain::await_connected() {
  try {
    pages_.await_connected();
  } catch (const Failure&) {
    throw_last_words(link_);
    throw;
  }
}

void OutgoingDrain::start_standby() {
  standby_.emplace(Side::source, app_.name, app_.folders.monitor_log(), app_.bytes_per_second);
}

void OutgoingDrain::start(const Path& images, const std::vector<pid_t>& processes, SentAhead ahead,
                          const EarlyPages& early) {
  pages_.prepare(images, processes, app_.bytes_per_second);
  std::vector<AppPages> first = std::move(ahead.changed);
  std::ranges::copy(with_windows(read_hot_pages(app_.folders.hot_pages())),
                    std::back_inserter(first));
  pages_.source().prefer(first);
  pages_.source().use_early(early, ahead.places);
  pages_.start();
}

void OutgoingDrain::wait(const Tell& tell) {
  const auto start = Steps::Clock::now();
  while (!pages_.wait_drained(bar_pause)) {
    tell_progress(tell);
    if (standby_->gone()) start_standby();
  }
  tell_progress(tell);
  report_.ms = milliseconds_since(start);
  report_.source_pages = pages_.all_pages();
  fill_in(report_, pages_.numbers());
}

DrainReport OutgoingDrain::finish() {
  hear_numbers();
  await_end();
  return std::move(report_);
}

void OutgoingDrain::tell_progress(const Tell& tell) {
  const PageSourceNumbers& numbers = pages_.numbers();
  progress_.now(pages_.all_pages() - numbers.left, pages_.all_pages(), numbers.asked,
                pages_.connected());
  progress_.publish(app_.folders.drain());
  if (tell) tell(progress_);
}

void OutgoingDrain::hear_numbers() {
  try {
    fill_in(report_, expect_answer(link_, ToSource::kDrained, last_words_limit).drained());
  } catch (const std::exception& error) {
    spdlog::info("no numbers from the target: {}", error.what());  // only these are missing
  }
}

// Until the receiver has let go of the session, nobody there could move it on.
void OutgoingDrain::await_end() {
  try {
    ToSource nothing;
    link_.receive_within(nothing, last_words_limit);
  } catch (const LinkLost&) {
    return;  // what was waited for
  }
}

}  // namespace wayferry
