// SPDX-License-Identifier: MIT
#include "move/serve.h"

#include <spdlog/spdlog.h>

#include "move/requests.h"

namespace wayferry {
namespace {

void answer_failed(Link& link, const std::string& text, const std::string& cure) {
  transfer::ToSource message;
  message.mutable_failed()->set_text(text);
  message.mutable_failed()->set_cure(cure);
  answer(link, message);
}

}  // namespace

void answer_done(Link& link) {
  transfer::ToSource done;
  done.mutable_done();
  link.send(done);
}

void answer_warm(Link& link, uint64_t room, const std::string& page_door) {
  transfer::ToSource warm;
  warm.mutable_warm()->set_room(room);
  warm.mutable_warm()->set_page_door(page_door);
  link.send(warm);
}

void answer(Link& link, const transfer::ToSource& message) {
  try {
    link.send(message);
  } catch (const LinkLost& lost) {
    spdlog::info("{}", lost.what());
  }
}

bool serve_to_end(Link& link, const std::function<void()>& work) {
  try {
    work();
    return true;
  } catch (const Aborted&) {
    transfer::ToSource dropped;
    dropped.mutable_dropped();
    answer(link, dropped);
  } catch (const LinkLost& lost) {
    spdlog::warn("{}", lost.what());
  } catch (const Failure& failure) {
    answer_failed(link, failure.text(), failure.cure());
  } catch (const std::exception& error) {
    answer_failed(link, error.what(), "");
  }
  return false;
}

}  // namespace wayferry
