// SPDX-License-Identifier: MIT
#include "move/abandoned.h"

#include <spdlog/spdlog.h>

#include "move/journal.h"

namespace wayferry {
namespace {

bool settle_incoming(const LocalHost& host, Engine& engine, SessionRecord record) {
  const std::string& name = record.spec.name;
  MoveJournal journal(host.store.roots().runtime, record.move_id);
  if (journal.drop()) {
    spdlog::warn("the receiver is gone before the app was ours: removing it");
    remove_session(host.store, engine, name);
    return false;
  }
  // It had claimed the app but may not have let it run: from here on only we can.
  spdlog::warn("the receiver is gone after the app became ours: letting it run");
  record.state = SessionState::running;
  if (!record.lazy) record.move_id.clear();  // else whoever leads its drain now needs it
  record.init_pid = engine.processes(name).at(0);
  host.store.save(record);
  engine.open_network(record.spec, host.store.folders(name).container());
  engine.release(name);
  return true;
}

}  // namespace

bool settle_abandoned(const LocalHost& host, const std::string& name) {
  SessionRecord record = host.store.require(name);
  const auto engine = host.engine(record.engine);
  if (record.state == SessionState::incoming) return settle_incoming(host, *engine, record);
  // Its memory is needed elsewhere; who leads the drain has let go of its windows.
  if (record.state == SessionState::draining) return true;
  // In doubt: only the target's journal decides; the mover said hold_until_told, so this is not us.
  if (record.state == SessionState::in_doubt) return true;
  spdlog::warn("the mover is gone: the app goes on here");
  engine->open_network(record.spec, host.store.folders(name).container());
  engine->resume(name);
  record.state = SessionState::running;
  record.move_id.clear();
  record.move_host.clear();
  record.lazy = false;
  host.store.save(record);
  return true;
}

}  // namespace wayferry
