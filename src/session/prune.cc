// SPDX-License-Identifier: MIT
#include "session/prune.h"

#include <spdlog/spdlog.h>

#include "util/error.h"

namespace wayferry {
namespace {

/// Whether somebody sees to it: its monitor, or, where the app on the target needs its memory,
/// whoever leads the drain.
bool is_kept(const SessionStore& store, const SessionRecord& record) {
  return connect_unix(store.folders(record.spec.name).control()) ||
         record.state == SessionState::draining;
}

/// The record if the session lives (or is being made), nothing after it was removed.
std::optional<SessionRecord> keep_or_remove(const SessionStore& store, const EngineMaker& engine,
                                            const std::string& name) {
  // Without the lock, which would be in the way of a command that needs it.
  auto record = store.load(name);
  if (record && is_kept(store, *record)) return record;
  const auto lock = store.try_lock(name);
  record = store.load(name);
  if (!lock || (record && is_kept(store, *record))) return record;
  if (!record) {
    // Folders without a record: its maker died before the first write.
    store.remove(name);
    return std::nullopt;
  }
  spdlog::info("session {} is dead (no monitor): removing what is left of it", name);
  remove_session(store, *engine(record->engine), name);
  return std::nullopt;
}

}  // namespace

void remove_session(const SessionStore& store, Engine& engine, const std::string& name) {
  engine.remove(name, store.folders(name).container());
  store.remove(name);
}

std::vector<SessionRecord> living_sessions(const SessionStore& store, const EngineMaker& engine) {
  std::vector<SessionRecord> living;
  for (const std::string& name : store.names()) {
    try {
      if (auto record = keep_or_remove(store, engine, name)) living.push_back(std::move(*record));
    } catch (const std::exception& error) {
      // One broken session must not hide the others.
      spdlog::warn("session {}: {}", name, error.what());
    }
  }
  return living;
}

}  // namespace wayferry
