// SPDX-License-Identifier: MIT
#include "move/handover.h"

#include <spdlog/spdlog.h>

#include <thread>

#include "move/requests.h"

namespace wayferry {

Handover hand_over(Link& link, const AskTarget& ask, const HandoverLimits& limits) {
  try {
    transfer::ToTarget yours;
    yours.mutable_yours();
    link.send(yours);
    const auto answer = expect_answer(link, transfer::ToSource::kMine, limits.answer);
    return {.owner = Owner::target, .release_ms = answer.mine().release_ms()};
  } catch (const std::exception& error) {
    // Every error is the same here: we do not know whether it heard us.
    spdlog::warn("no clear answer to the handover ({}): asking the target's journal", error.what());
  }
  const auto end = std::chrono::steady_clock::now() + limits.asking;
  while (true) {
    if (const auto owner = ask()) return {.owner = owner};
    if (std::chrono::steady_clock::now() + limits.pause > end) return {};
    std::this_thread::sleep_for(limits.pause);
  }
}

void take_over(Link& link, MoveJournal& journal, std::chrono::milliseconds limit) {
  // How soon a copy goes away after a resolver decided against it.
  constexpr std::chrono::milliseconds look_again{250};
  const auto end = std::chrono::steady_clock::now() + limit;
  transfer::ToTarget request;
  while (!link.receive_within(request, look_again)) {
    if (journal.read() == MoveFate::dropped) throw Failure("", "the source has taken the app back");
    if (std::chrono::steady_clock::now() > end)
      throw LinkLost(link.peer(), "the source fell silent before it gave the app away");
  }
  require_request(request, transfer::ToTarget::kYours);
  if (!journal.claim()) throw Failure("", "the source has taken the app back");
}

}  // namespace wayferry
