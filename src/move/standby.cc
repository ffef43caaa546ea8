// SPDX-License-Identifier: MIT
#include "move/standby.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>

#include "pages/descriptors.h"
#include "util/error.h"
#include "util/io.h"
#include "util/process.h"

namespace wayferry {
namespace {

constexpr char keep_this = 'k';
constexpr char not_needed = 'n';

}  // namespace

Standby::Standby(Side side, const std::string& session, const Path& words,
                 uint64_t bytes_per_second) {
  auto [near, far] = socket_pair();
  const UniqueFd log(check("open",
                           ::open(words.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600),
                           words.native()));
  const std::string itself = std::filesystem::read_symlink("/proc/self/exe");
  // A session of its own: whatever ends a whole group of processes must not end both.
  Child child =
      spawn({itself, "stand-by", session, "--side", side == Side::source ? "source" : "target",
             "--limit-rate", std::to_string(bytes_per_second)},
            {.fds = {{0, far.get()}, {1, log.get()}, {2, log.get()}}, .new_session = true});
  child.disown();
  socket_ = std::move(near);
}

Standby::~Standby() {
  try {
    write_all(socket_.get(), std::string_view(&not_needed, 1));
  } catch (const SystemError&) {
    // It has gone before.
  }
}

void Standby::keep(int descriptor) {
  try {
    deliver(socket_.get(), keep_this, {descriptor});
  } catch (const SystemError& error) {
    spdlog::warn("the stand-by process is gone ({}); it will be replaced", error.what());
  }
}

bool Standby::gone() const {
  return wait_readable(socket_.get(), std::chrono::milliseconds(0));  // it never says anything
}

std::optional<std::vector<UniqueFd>> await_succession(int socket) {
  std::vector<UniqueFd> kept;
  while (auto delivery = take_delivery(socket)) {
    if (delivery->byte == not_needed) return std::nullopt;
    for (UniqueFd& descriptor : delivery->descriptors) kept.push_back(std::move(descriptor));
  }
  return kept;
}

}  // namespace wayferry
