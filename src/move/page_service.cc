// SPDX-License-Identifier: MIT
#include "move/page_service.h"

#include <spdlog/spdlog.h>

#include <format>

#include "engine/cgroup.h"
#include "move/page_place.h"

namespace wayferry {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds reconnect_pause{1000};

}  // namespace

PageService::~PageService() {
  thread_.request_stop();
}

PageService::Links PageService::make_links(PageLogins logins) const {
  // Both at the same time.
  auto bulk = std::async(std::launch::async, [this, &logins] {
    return std::make_unique<PageLink>(address_, ChannelKind::bulk, std::move(logins.bulk));
  });
  auto faults = std::make_unique<PageLink>(address_, ChannelKind::faults, std::move(logins.faults));
  return {.faults = std::move(faults), .bulk = bulk.get()};
}

void PageService::connect(PageLogins logins) {
  connecting_ = std::async(std::launch::async, [this, logins = std::move(logins)] mutable {
    return make_links(std::move(logins));
  });
}

void PageService::prepare(const Path& images, const std::vector<pid_t>& processes,
                          uint64_t bytes_per_second) {
  memory_.emplace(by_inner_pid(processes));
  auto lazy = all_lazy_ranges(images);
  for (const auto& [process, ranges] : lazy) all_pages_ += count_pages(ranges);
  source_.emplace(*memory_, std::move(lazy), bytes_per_second);
}

void PageService::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    try {
      run(stop);
    } catch (...) {
      const std::lock_guard lock(outcome_);
      error_ = std::current_exception();
      changed_.notify_all();
    }
  });
}

bool PageService::serve_once(Links& links, const std::stop_token& stop) {
  try {
    const auto cut = [&] {
      links.faults->cut();
      links.bulk->cut();
    };
    return source_->serve(links.faults->channel(), links.bulk->channel(), stop, cut);
  } catch (const ChannelLost& lost) {
    spdlog::warn("page connections to {}: {}", address_.host, lost.what());
    return false;
  }
}

void PageService::run(const std::stop_token& stop) {
  auto last_served = Clock::now();
  while (!stop.stop_requested()) {
    if (links_) {
      connected_ = true;
      if (serve_once(*links_, stop)) {
        tell_drained();
        return links_.reset();  // a few ms, in which the app's end here can begin
      }
      connected_ = false;
      links_.reset();
      last_served = Clock::now();
    }
    if (stop.stop_requested()) return;
    try {
      links_ = make_links({});  // a helper can say that nothing is wanted any more
      spdlog::info("connected to {} again", address_.host);
    } catch (const NothingWanted&) {
      return tell_drained();
    } catch (const Failure& failure) {
      if (Clock::now() - last_served > source_grace) throw Failure(address_.host, lost_text());
      std::this_thread::sleep_for(reconnect_pause);
    }
  }
}

void PageService::tell_drained() {
  const std::lock_guard lock(outcome_);
  drained_ = true;
  changed_.notify_all();
}

std::string PageService::lost_text() const {
  return std::format(
      "{:.0f} MB of the memory of '{}' are still here: the connection broke, did not come back for "
      "{} s, and the app there has then been ended. With --mode eager nothing could have been lost",
      static_cast<double>(source_->numbers().left * page_size) / 1e6, address_.session,
      drain_grace.count());
}

bool PageService::wait_drained(std::chrono::milliseconds limit) {
  std::unique_lock lock(outcome_);
  changed_.wait_for(lock, limit, [this] { return drained_ || error_; });
  if (error_) std::rethrow_exception(error_);
  return drained_;
}

}  // namespace wayferry
