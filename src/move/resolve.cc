// SPDX-License-Identifier: MIT
#include "move/resolve.h"

#include "move/journal.h"

namespace wayferry {

Owner decide_here(const LocalHost& host, const std::string& move_id) {
  return MoveJournal(host.store.roots().runtime, move_id).drop() ? Owner::source : Owner::target;
}

void let_go(const LocalHost& host, Engine& engine, MonitorClient& monitor,
            const std::string& name) {
  monitor.dismiss();
  remove_drained(host, engine, name);
}

void remove_drained(const LocalHost& host, Engine& engine, const std::string& name) {
  // No grace: it is frozen, and must die without another instruction.
  engine.kill(name, std::chrono::milliseconds(0));
  remove_session(host.store, engine, name);
}

void take_back(const LocalHost& host, Engine& engine, MonitorClient& monitor,
               const std::string& name) {
  SessionRecord record = host.store.require(name);
  engine.open_network(record.spec, host.store.folders(name).container());
  engine.resume(name);
  monitor.unseal();
  record.state = SessionState::running;
  record.move_id.clear();
  record.move_host.clear();
  record.lazy = false;
  host.store.save(record);
}

}  // namespace wayferry
