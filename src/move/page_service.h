// SPDX-License-Identifier: MIT
#pragma once

#include <condition_variable>
#include <future>
#include <optional>
#include <string>
#include <thread>

#include "move/page_link.h"
#include "pages/page_source.h"

// (source) Serves the frozen app's pages in the background from the moment its images are complete
// until the target has all, over one pair of connections after the other. Before the commit it can
// be ended at any time, and the app goes on here; after it, ending it loses the app.

namespace wayferry {

class PageService {
 public:
  struct Links {
    std::unique_ptr<PageLink> faults;
    std::unique_ptr<PageLink> bulk;
  };
  explicit PageService(PageAddress address) : address_(std::move(address)) {}
  /// Ends it, whatever it is doing.
  ~PageService();

  /// Begins to connect: nothing has to be there to be served yet.
  void connect(PageLogins logins);
  /// Between connect() and start(). Throws Failure if there is no way.
  void await_connected() { links_ = connecting_.get(); }
  /// What there is to serve. `bytes_per_second`: 0 is no limit.
  void prepare(const Path& images, const std::vector<pid_t>& processes, uint64_t bytes_per_second);
  /// For prefer() and use_early().
  PageSource& source() { return *source_; }
  /// From now on pages can be asked for.
  void start();
  /// Waits until the target has everything (true), or `limit` has passed. Throws Failure when it
  /// cannot be reached for the grace of a drain.
  bool wait_drained(std::chrono::milliseconds limit);

  const PageSourceNumbers& numbers() const { return source_->numbers(); }
  /// Whether the target is there now.
  bool connected() const { return connected_; }
  uint64_t all_pages() const { return all_pages_; }

 private:
  Links make_links(PageLogins logins) const;
  bool serve_once(Links& links, const std::stop_token& stop);
  void tell_drained();
  void run(const std::stop_token& stop);
  std::string lost_text() const;

  PageAddress address_;
  std::future<Links> connecting_;
  std::optional<Links> links_;
  std::optional<FrozenMemory> memory_;
  std::optional<PageSource> source_;
  uint64_t all_pages_ = 0;
  std::atomic<bool> connected_ = true;
  std::mutex outcome_;  // for the next two
  std::condition_variable changed_;
  bool drained_ = false;
  std::exception_ptr error_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace wayferry
