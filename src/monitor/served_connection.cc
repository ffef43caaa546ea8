// SPDX-License-Identifier: MIT
#include "monitor/served_connection.h"

#include <spdlog/spdlog.h>

#include "util/error.h"

namespace wayferry {

ServedConnection::ServedConnection(asio::io_context& loop, std::unique_ptr<Relay> relay,
                                   std::function<void(ServedConnection&)> on_over,
                                   std::function<void(ServedConnection&)> on_compositor_lost)
    : loop_(loop),
      relay_(std::move(relay)),
      on_over_(std::move(on_over)),
      on_compositor_lost_(std::move(on_compositor_lost)),
      ping_timer_(loop) {}

// The loop waits on duplicates: the sockets themselves belong to the channels.
void ServedConnection::serve() {
  epoch_ = std::make_shared<int>();
  app_waits_ = writes_armed_[0] = writes_armed_[1] = pings_armed_ = false;
  app_.emplace(loop_, UniqueFd(::dup(relay_->app().fd())).release());
  compositor_.emplace(loop_, UniqueFd(::dup(relay_->link()->channel().fd())).release());
  wait(Side::app);
  wait(Side::compositor);
  flush();
}

void ServedConnection::wait(Side side) {
  if (side == Side::app) app_waits_ = true;
  descriptor(side)->async_wait(
      Descriptor::wait_read,
      [this, side, alive = std::weak_ptr<int>(epoch_)](std::error_code error) {
        if (!error && !alive.expired()) ready(side);
      });
}

void ServedConnection::ready(Side side) {
  if (side == Side::app) app_waits_ = false;
  if (pump(side) && side == Side::compositor) wait(side);
}

// The waits stay armed: a wake-up for what was read here finds nothing, and waits again.
bool ServedConnection::look() {
  const uint64_t before = relay_->messages();
  if (epoch_ && app_waits_ && !relay_->app_lags() && pump(Side::app)) pump(Side::compositor);
  return relay_->messages() != before;
}

/// Handles what one side has sent, and sends on. False: this connection is served no more.
bool ServedConnection::pump(Side side) {
  if (over_) return false;
  try {
    if (side == Side::app) {
      if (!relay_->pump_app()) {
        relay_->flush();
        over_ = true;
        on_over_(*this);
        return false;
      }
    } else if (!relay_->pump_compositor()) {
      lose_compositor("it closed the connection");
      return false;
    }
    const std::weak_ptr<int> alive = epoch_;
    after_pump();
    return !alive.expired();
  } catch (const CompositorLost& lost) {
    lose_compositor(lost.what());
  } catch (const ProtocolError& error) {
    lose_compositor(error.what());
  } catch (const SystemError& error) {
    lose_compositor(error.what());
  }
  return false;
}

void ServedConnection::flush() {
  after_pump();
}

// The app is read again only when the compositor has taken all it said, and when it has itself read
// most of what it was told: what it says meanwhile waits in its own socket.
void ServedConnection::after_pump() {
  relay_->flush();
  const bool compositor_full = relay_->link() && relay_->link()->channel().has_output();
  if (compositor_full) wait_writable(Side::compositor);
  if (relay_->app().has_output() && !relay_->held()) wait_writable(Side::app);
  if (!compositor_full && !relay_->app_lags() && !app_waits_) wait(Side::app);
  wait_for_pongs();
}

void ServedConnection::wait_for_pongs() {
  const auto due = relay_->pings_due();
  if (!due || std::exchange(pings_armed_, true)) return;
  ping_timer_.expires_at(*due);
  ping_timer_.async_wait([this, alive = std::weak_ptr<int>(epoch_)](std::error_code error) {
    if (error || alive.expired()) return;
    pings_armed_ = false;
    relay_->answer_pings(Pings::Clock::now());
    after_pump();
  });
}

void ServedConnection::wait_writable(Side side) {
  bool& armed = writes_armed_[side == Side::app ? 0 : 1];
  if (std::exchange(armed, true)) return;
  descriptor(side)->async_wait(
      Descriptor::wait_write,
      [this, side, alive = std::weak_ptr<int>(epoch_)](std::error_code error) {
        if (error || alive.expired()) return;
        writes_armed_[side == Side::app ? 0 : 1] = false;
        after_pump();
      });
}

void ServedConnection::lose_compositor(const std::string& why) {
  spdlog::warn("the compositor is lost: {}", why);
  relay_->flush();  // its last words, an error perhaps, belong to the app
  epoch_.reset();
  app_.reset();
  compositor_.reset();
  on_compositor_lost_(*this);
}

}  // namespace wayferry
