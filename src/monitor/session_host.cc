// SPDX-License-Identifier: MIT
#include "monitor/session_host.h"

#include <linux/sockios.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <fstream>

#include "monitor/freeze.h"
#include "util/error.h"
#include "wire/opcodes.gen.h"

namespace wayferry {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// A compositor that does not answer this long hangs; its users see that, too.
constexpr auto attach_limit = 5s;
// How often a compositor that went away is looked for again.
constexpr auto attach_interval = 200ms;
// No event says that a peer has read; SIOCOUTQ falls to 0 within about this time (docs).
constexpr auto read_interval = 1ms;

uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t total = 0;
  uint64_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::string title_of(const Object& toplevel) {
  const auto title =
      std::ranges::find(toplevel.log, request::xdg_toplevel::set_title, &Recorded::opcode);
  if (title == toplevel.log.end()) return {};
  const Message& message = protocol::xdg_toplevel.requests[request::xdg_toplevel::set_title];
  Decoded decoded;
  decode(message, bytes_of(title->body), decoded);
  return std::string(as_text(decoded.values[0].data));
}

void add_status(Relay& relay, control::StatusReply& into) {
  into.set_connections(into.connections() + 1);
  into.set_objects(into.objects() + static_cast<uint32_t>(relay.model().objects.size()));
  into.set_messages(into.messages() + relay.messages());
  for (const Object* object : relay.model().objects.in_order()) {
    if (object->life != Life::alive) continue;
    if (object->is(protocol::xdg_toplevel)) into.add_titles(title_of(*object));
    if (object->maker == Slot::none) continue;
    if (!relay.model().objects.at(object->maker).is(protocol::wl_registry)) continue;
    control::Global& bound = *into.add_bound();
    bound.set_interface(std::string(object->interface->name));
    bound.set_version(object->version);
  }
}

void add_report(AttachReport report, control::Attached& into) {
  into.set_objects(into.objects() + static_cast<uint32_t>(report.objects));
  into.set_connections(into.connections() + 1);
  for (std::string& inert : report.inert) into.add_inert(std::move(inert));
}

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

}  // namespace

SessionHost::SessionHost(asio::io_context& loop, std::string compositor, Offer offer,
                         SessionHooks hooks)
    : loop_(loop),
      compositor_(std::move(compositor)),
      offer_(std::move(offer)),
      hooks_(std::move(hooks)),
      read_timer_(loop),
      attach_timer_(loop) {}

void SessionHost::add_app(UniqueFd socket) {
  waiting_.push_back(std::move(socket));
  if (started_) start_waiting();
}

bool SessionHost::look() {
  bool something = false;
  for (const auto& connection : served_) something |= connection->look();
  return something;
}

void SessionHost::start_waiting() {
  for (UniqueFd& socket : std::exchange(waiting_, {}))
    serve(std::make_unique<Relay>(std::move(socket)));
}

AttachReport SessionHost::attach_to(const std::string& display, Relay& relay) {
  relay.limit_offer(offer_);
  return attach(relay, display, attach_limit);
}

// A relay without a link is attached now, or as soon as there is a compositor.
void SessionHost::serve(std::unique_ptr<Relay> relay) {
  served_.push_back(std::make_unique<ServedConnection>(
      loop_, std::move(relay), [this](ServedConnection& c) { over(c); },
      [this](ServedConnection& c) { compositor_lost(c); }));
  ServedConnection& connection = *served_.back();
  if (!connection.relay().link()) {
    try {
      attach_to(compositor_, connection.relay());
    } catch (const CompositorLost& lost) {
      spdlog::warn("not attached yet: {}", lost.what());
      return reattach_later();
    }
  }
  connection.serve();
}

// Ended from within its own handlers, so it goes when they have returned.
void SessionHost::over(ServedConnection& connection) {
  asio::post(loop_, [this, gone = &connection] {
    std::erase_if(served_, [&](const auto& c) { return c.get() == gone; });
  });
}

void SessionHost::compositor_lost(ServedConnection& connection) {
  if (connection.relay().failed()) return over(connection);  // the app's own doing: it was told
  detach(connection.relay());
  reattach_later();
}

void SessionHost::reattach_later() {
  attach_timer_.expires_after(attach_interval);
  attach_timer_.async_wait([this](std::error_code error) {
    if (error) return;
    bool later = false;
    for (const auto& connection : served_) {
      if (connection->relay().link()) continue;
      // An app that does not read keeps its place: to attach it means to tell it more.
      connection->relay().flush();
      if (connection->relay().app_lags()) {
        later = true;
        continue;
      }
      try {
        attach_to(compositor_, connection->relay());
        spdlog::info("attached to {} again", compositor_);
        connection->serve();
      } catch (const CompositorLost& lost) {
        spdlog::debug("no compositor yet: {}", lost.what());
        return reattach_later();
      }
    }
    if (later) reattach_later();
  });
}

std::vector<Relay*> SessionHost::relays() {
  std::vector<Relay*> result;
  for (const auto& connection : served_) result.push_back(&connection->relay());
  return result;
}

void SessionHost::control(const std::shared_ptr<ControlClient>& client,
                          const control::Request& request) {
  using Kind = control::Request::RequestCase;
  try {
    switch (request.request_case()) {
      case Kind::kWatch:
        watch(request.watch());
        return client->reply_done();
      case Kind::kStatus:
        return status(*client);
      case Kind::kBarrier:
        return barrier(client, request.barrier().limit_ms());
      case Kind::kSeal:
        return seal_all(*client, request.seal());
      case Kind::kUnseal:
        release_all();
        return client->reply_done();
      case Kind::kHoldUntilTold:
        until_told_ = true;
        return client->reply_done();
      case Kind::kDismiss:
        client->reply_done();
        close_all();
        return hooks_.end();
      case Kind::kCheckGlobals:
        return check(*client, request.check_globals());
      case Kind::kAdopt:
        return adopt(*client, request.adopt());
      case Kind::kGo:
        adopted_init_ = 0;
        hooks_.watch(request.go().init_pid());
        release_all();
        return client->reply_done();
      case Kind::kSwitch:
        return switch_to(*client, request.switch_().display());
      case Kind::REQUEST_NOT_SET:
        return client->reply_error("an empty request");
    }
  } catch (const std::exception& error) {
    spdlog::error("a control request failed: {}", error.what());
    client->reply_error(error.what());
  }
}

void SessionHost::watch(const control::Watch& request) {
  hooks_.watch(request.init_pid());
  started_ = true;
  start_waiting();
}

void SessionHost::status(ControlClient& client) {
  control::Reply reply;
  control::StatusReply& status = *reply.mutable_status();
  status.set_display(compositor_);
  status.set_memory_bytes(resident_bytes());
  for (Relay* relay : relays()) add_status(*relay, status);
  client.reply(reply);
}

void SessionHost::barrier(const std::shared_ptr<ControlClient>& client, uint32_t limit_ms) {
  if (barrier_holder_) return client->reply_error("another mover holds the barrier");
  barrier_holder_ = client.get();
  for (Relay* relay : relays()) relay->hold(true);
  wait_until_read(client, Clock::now() + std::chrono::milliseconds(limit_ms));
}

bool SessionHost::everything_read() {
  return std::ranges::all_of(relays(), [](Relay* relay) {
    int unread = 0;
    return ::ioctl(relay->app().fd(), SIOCOUTQ, &unread) == 0 && unread == 0;
  });
}

// Only saves work: what the app has not read by then travels in the state.
void SessionHost::wait_until_read(const std::shared_ptr<ControlClient>& client,
                                  Clock::time_point end) {
  if (everything_read() || Clock::now() >= end) return client->reply_done();
  read_timer_.expires_after(read_interval);
  read_timer_.async_wait([this, client, end](std::error_code error) {
    if (!error) wait_until_read(client, end);
  });
}

void SessionHost::seal_all(ControlClient& client, const control::Seal& request) {
  for (const auto& connection : served_) {
    Relay& relay = connection->relay();
    if (relay.link()) relay.drain_app();  // its last words before the freeze
  }
  SealedState sealed = seal(relays(), {request.pids().begin(), request.pids().end()});
  control::Reply reply;
  reply.mutable_sealed()->set_state(std::move(sealed.state));
  for (const ino_t inode : sealed.socket_inodes) reply.mutable_sealed()->add_socket_inodes(inode);
  client.reply(reply);
}

void SessionHost::release_all() {
  barrier_holder_ = nullptr;
  until_told_ = false;
  started_ = true;
  for (const auto& connection : served_) {
    connection->relay().hold(false);
    if (connection->relay().link()) connection->flush();
  }
  start_waiting();
}

void SessionHost::check(ControlClient& client, const control::CheckGlobals& request) {
  control::Reply reply;
  for (std::string& missing : missing_globals(
           compositor_, {request.needed().begin(), request.needed().end()}, attach_limit))
    reply.mutable_globals_checked()->add_missing(std::move(missing));
  if (!reply.has_globals_checked()) reply.mutable_globals_checked();
  client.reply(reply);
}

void SessionHost::adopt(ControlClient& client, const control::Adopt& request) {
  const auto start = Clock::now();
  auto restored = unseal(request.state(), {request.pids().begin(), request.pids().end()},
                         std::exchange(waiting_, {}));
  if (request.pids_size() > 0) adopted_init_ = request.pids(0);
  control::Reply reply;
  control::Attached& attached = *reply.mutable_attached();
  for (auto& relay : restored) add_report(attach_to(compositor_, *relay), attached);
  for (auto& relay : restored) serve(std::move(relay));
  attached.set_attach_ms(milliseconds_since(start));
  client.reply(reply);
}

void SessionHost::attach_all(const std::string& display, control::Attached& into) {
  for (const auto& connection : served_) {
    add_report(attach_to(display, connection->relay()), into);
    connection->serve();
  }
}

void SessionHost::switch_to(ControlClient& client, const std::string& display) {
  const auto start = Clock::now();
  control::Reply reply;
  try {
    attach_all(display, *reply.mutable_attached());
  } catch (const CompositorLost& lost) {
    spdlog::warn("no switch to {}: {}", display, lost.what());
    control::Attached back;
    try {
      attach_all(compositor_, back);
    } catch (const CompositorLost&) {
      reattach_later();  // the old one is gone as well: whichever comes first
    }
    return client.reply_error(std::string(lost.what()) + "; the windows stay at " + compositor_);
  }
  compositor_ = display;
  reply.mutable_attached()->set_attach_ms(milliseconds_since(start));
  client.reply(reply);
}

// A mover that is gone cannot resume what it froze.
void SessionHost::control_closed(ControlClient& client) {
  if (barrier_holder_ != &client || until_told_) return;
  spdlog::warn("the mover is gone while it held the app: the app goes on here");
  if (hooks_.abandoned) hooks_.abandoned();
  // A receiver that was lost after the app had become ours: nobody else will say go.
  if (adopted_init_ > 0) hooks_.watch(std::exchange(adopted_init_, 0));
  release_all();
}

}  // namespace wayferry
