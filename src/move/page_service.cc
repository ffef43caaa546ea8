// SPDX-License-Identifier: MIT
#include "move/page_service.h"

#include <spdlog/spdlog.h>

#include "engine/cgroup.h"
#include "move/page_place.h"

namespace wayferry {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds reconnect_pause{1000};

}  // namespace

PageService::PageService(std::string host, std::string session)
    : host_(std::move(host)), session_(std::move(session)), links_(connect()) {}

PageService::~PageService() {
  thread_.request_stop();
}

std::unique_ptr<PageService::Links> PageService::connect() const {
  return std::unique_ptr<Links>(new Links{.faults = {host_, session_, ChannelKind::faults},
                                          .bulk = {host_, session_, ChannelKind::bulk}});
}

void PageService::start(const Path& images, const std::vector<pid_t>& processes,
                        uint64_t bytes_per_second) {
  std::map<pid_t, pid_t> outer;
  for (const pid_t process : processes)
    if (const auto inner = inner_pid(process)) outer[*inner] = process;
  memory_.emplace(outer);
  auto lazy = all_lazy_ranges(images);
  for (const auto& [process, ranges] : lazy) all_pages_ += count_pages(ranges);
  source_.emplace(*memory_, std::move(lazy), bytes_per_second);
  thread_ = std::jthread([this](const std::stop_token& stop) {
    try {
      run(stop);
    } catch (...) {
      const std::lock_guard lock(outcome_);
      error_ = std::current_exception();
    }
    changed_.notify_all();
  });
}

bool PageService::serve_once(Links& links, const std::stop_token& stop) {
  try {
    const auto cut = [&] {
      links.faults.cut();
      links.bulk.cut();
    };
    return source_->serve(links.faults.channel(), links.bulk.channel(), stop, cut);
  } catch (const ChannelLost& lost) {
    spdlog::warn("page connections to {}: {}", host_, lost.what());
    return false;
  }
}

void PageService::run(const std::stop_token& stop) {
  auto last_served = Clock::now();
  while (!stop.stop_requested()) {
    if (links_) {
      const bool drained = serve_once(*links_, stop);
      links_.reset();
      last_served = Clock::now();
      const std::lock_guard lock(outcome_);
      if (drained_ = drained; drained) return;
    }
    if (stop.stop_requested()) return;
    try {
      links_ = connect();
      spdlog::info("connected to {} again", host_);
    } catch (const Failure& failure) {
      if (Clock::now() - last_served > drain_grace) throw;
      std::this_thread::sleep_for(reconnect_pause);
    }
  }
}

bool PageService::wait_drained(std::chrono::milliseconds limit) {
  std::unique_lock lock(outcome_);
  changed_.wait_for(lock, limit, [this] { return drained_ || error_; });
  if (error_) std::rethrow_exception(error_);
  return drained_;
}

}  // namespace wayferry
