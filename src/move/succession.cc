// SPDX-License-Identifier: MIT
#include "move/succession.h"

#include <spdlog/spdlog.h>

#include <thread>

#include "move/incoming_drain.h"
#include "move/page_place.h"
#include "move/page_service.h"
#include "move/resolve.h"
#include "move/ssh.h"

namespace wayferry {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// The session's monitor settles what its receiver or mover left within moments of its death.
constexpr auto settle_limit = 60s;
constexpr auto settle_pause = 50ms;
// As long as a mover asks (HandoverLimits).
constexpr auto asking_limit = 60s;
constexpr auto asking_pause = 1s;

/// Waits until the session is no longer `incoming`; nothing if it is gone.
std::optional<SessionRecord> await_settled(const LocalHost& host, const std::string& name) {
  const auto end = Clock::now() + settle_limit;
  while (Clock::now() < end) {
    auto record = host.store.load(name);
    if (!record || record->state != SessionState::incoming) return record;
    std::this_thread::sleep_for(settle_pause);
  }
  throw Failure("", "nobody settled whose the app is");
}

Path images_of(const SessionFolders& folders) {
  const Path in_memory = folders.runtime / "images";
  return std::filesystem::exists(in_memory) ? in_memory : folders.disk / "images";
}

void go_on_filling(const IncomingApp& app, const SessionRecord& record,
                   std::vector<UniqueFd> kept) {
  const SessionFolders folders = app.host.store.folders(app.name);
  auto standby = start_standby_for(app);
  for (const UniqueFd& descriptor : kept) standby->keep(descriptor.get());
  const auto keep = [&standby](int descriptor) { standby->keep(descriptor); };
  Filler filler(filler_places(folders, record.move_id, {}), drain_grace, keep, std::move(kept));
  lead_incoming_drain(app, filler, standby);
  filler.wait_acknowledged(echo_limit);
}

}  // namespace

void succeed_receiver(const LocalHost& host, const std::string& name, std::vector<UniqueFd> kept) {
  // Held in any case until the app is whole or dead: whoever closes the last one hands out zeros.
  std::vector<UniqueFd> held;
  for (const UniqueFd& descriptor : kept) held.push_back(descriptor.duplicate());
  const auto lock = host.store.lock_within(name, settle_limit);
  std::optional<SessionRecord> record = host.store.load(name);
  if (!record) return;
  const auto engine = host.engine(record->engine);
  const IncomingApp app{host, *engine, name};
  try {
    if (!lock) throw Failure("", "somebody else holds the session");
    record = await_settled(host, name);
    if (!record) return;  // it never was ours
    spdlog::warn("the receiver of {} was killed: its memory goes on from here", name);
    go_on_filling(app, *record, std::move(kept));
    record->move_id.clear();
    record->lazy = false;
    host.store.save(*record);
    spdlog::info("all memory of {} is here", name);
  } catch (const std::exception& error) {
    if (!engine->processes(name).empty())
      end_incomplete(app, std::string("who led its move was killed, and ") + error.what());
  }
}

void finish_outgoing_drain(const LocalHost& host, const std::string& name,
                           uint64_t bytes_per_second) {
  SessionRecord record = host.store.require(name);
  const SessionFolders folders = host.store.folders(name);
  const auto engine = host.engine(record.engine);
  record.state = SessionState::draining;
  host.store.save(record);
  if (auto monitor = MonitorClient::connect(folders.control())) monitor->dismiss();
  PageService pages({.host = record.move_host, .session = name, .move_id = record.move_id});
  pages.prepare(images_of(folders), engine->processes(name), bytes_per_second);
  pages.source().prefer(with_windows(read_hot_pages(folders.hot_pages())));
  pages.source().let_flow();
  pages.start();
  while (!pages.wait_drained(asking_pause)) continue;
  remove_drained(host, *engine, name);
}

void succeed_mover(const LocalHost& host, const std::string& name, uint64_t bytes_per_second) {
  const auto lock = host.store.lock_within(name, settle_limit);
  const auto record = host.store.load(name);
  if (!lock || !record) return;
  if (record->state == SessionState::in_doubt) {
    std::optional<Owner> owner;
    for (const auto end = Clock::now() + asking_limit; !owner && Clock::now() < end;) {
      owner = ask_over_ssh(record->move_host, record->move_id);
      if (!owner) std::this_thread::sleep_for(asking_pause);
    }
    if (!owner) return;  // it stays in doubt, and says so
    if (*owner == Owner::source) {
      const auto engine = host.engine(record->engine);
      if (auto monitor = MonitorClient::connect(host.store.folders(name).control()))
        take_back(host, *engine, *monitor, name);
      return;
    }
  } else if (record->state != SessionState::draining) {
    return;  // given to nobody: the monitor lets it go on
  }
  spdlog::warn("the mover of {} was killed: its memory is served from here", name);
  finish_outgoing_drain(host, name, bytes_per_second);
}

}  // namespace wayferry
