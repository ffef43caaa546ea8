// SPDX-License-Identifier: MIT
#include "move/criu_log.h"

#include "util/error.h"

namespace wayferry {

void with_criu_log(const SessionStore& store, const std::string& session, const std::string& log,
                   const std::function<void()>& step) {
  try {
    step();
  } catch (const Failure& failure) {
    const auto kept = store.keep_log(session, store.folders(session).criu_work() / log);
    if (!kept) throw;
    throw Failure(failure.host(), failure.text() + " (CRIU's log: " + kept->native() + ")",
                  failure.cure());
  }
}

}  // namespace wayferry
