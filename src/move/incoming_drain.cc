// SPDX-License-Identifier: MIT
#include "move/incoming_drain.h"

#include <spdlog/spdlog.h>

#include "move/drain_progress.h"

namespace wayferry {
namespace {

// How soon a stand-by process that has died is replaced.
constexpr std::chrono::milliseconds look_pause{200};

}  // namespace

std::unique_ptr<Standby> start_standby_for(const IncomingApp& app) {
  return std::make_unique<Standby>(Side::target, app.name,
                                   app.host.store.folders(app.name).monitor_log());
}

void lead_incoming_drain(const IncomingApp& app, Filler& filler,
                         std::unique_ptr<Standby>& standby) {
  const Path progress_file = app.host.store.folders(app.name).drain();
  DrainProgress progress;
  try {
    // It ends by itself: the filler despairs when its source is gone for too long.
    while (!filler.wait_drained(look_pause)) {
      const SpacesNumbers numbers = filler.numbers();
      progress.now(numbers.arrived, numbers.arrived + numbers.missing, numbers.faults,
                   filler.connected());
      progress.publish(progress_file);
      if (!standby->gone()) continue;
      spdlog::warn("the stand-by process is gone: starting another one");
      auto next = start_standby_for(app);
      filler.keep_again([&next = *next](int descriptor) { next.keep(descriptor); });
      standby = std::move(next);
    }
    std::filesystem::remove(progress_file);
    write_hot_pages(app.host.store.folders(app.name).hot_pages(), filler.hot_pages());
  } catch (const std::exception& error) {
    end_incomplete(app, error.what());
    throw;
  }
}

void end_incomplete(const IncomingApp& app, const std::string& why) {
  // Its monitor removes the session as soon as the app has ended, logs and all.
  app.host.store.leave_notice(app.name, why);
  app.engine.kill(app.name, std::chrono::milliseconds(0));
  spdlog::error("the app {} has been ended: {}", app.name, why);
}

}  // namespace wayferry
