// SPDX-License-Identifier: MIT
#include "pages/filler.h"

#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>

#include "util/priority.h"

namespace wayferry {
namespace {

// While the app still stands frozen at the source nothing is lost, and time counts.
constexpr std::chrono::seconds grace_before_drain{10};

}  // namespace

Filler::Filler(const Places& places, std::chrono::milliseconds grace, Spaces::Keep keep)
    : places_(places),
      grace_(grace),
      spaces_([this](pid_t process, uint64_t at_source) { ask(process, at_source); },
              std::move(keep)),
      door_(places.door),
      wake_(check("eventfd", ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))) {
  criu_.emplace(places.work, [this, begun = false](UniqueFd uffd, pid_t process) mutable {
    // Now, and not before, all images are there.
    if (!std::exchange(begun, true))
      spaces_.begin(Ledger::create(places_.ledger, all_lazy_ranges(places_.images)));
    spaces_.add(std::move(uffd), process);
  });
  begin();
}

Filler::Filler(const Places& places, std::chrono::milliseconds grace, Spaces::Keep keep,
               std::vector<UniqueFd> kept)
    : places_(places),
      grace_(grace),
      spaces_([this](pid_t process, uint64_t at_source) { ask(process, at_source); },
              std::move(keep)),
      door_(places.door),
      wake_(check("eventfd", ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))),
      lost_(Clock::now()),
      draining_(true) {
  if (!spaces_.take_over(Ledger::open(places.ledger), std::move(kept)))
    throw Failure("", "it was killed in the middle of what nobody else can finish");
  placer_.open();
  placer_.begin();
  begin();
}

void Filler::begin() {
  placing_ = std::jthread([this](const std::stop_token& stop) { take_named(stop); });
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Filler::~Filler() {
  thread_.request_stop();
  ::eventfd_write(wake_.get(), 1);  // cannot fail: the counter is far from full
}

void Filler::drain() {
  draining_ = true;
  placer_.begin();
  ::eventfd_write(wake_.get(), 1);
}

bool Filler::wait_drained(std::chrono::milliseconds limit) {
  std::unique_lock lock(outcome_);
  changed_.wait_for(lock, limit, [this] { return drained_ || error_; });
  if (error_) std::rethrow_exception(error_);
  return drained_;
}

bool Filler::wait_acknowledged(std::chrono::milliseconds limit) {
  std::unique_lock lock(outcome_);
  changed_.wait_for(lock, limit, [this] { return acknowledged_ || error_; });
  return acknowledged_;
}

void Filler::run(const std::stop_token& stop) {
  try {
    while (!stop.stop_requested()) {
      wait_and_handle();
      look_after_connection();
      settle();
    }
  } catch (...) {
    fail(std::current_exception());
  }
  bool failed = false;
  {
    const std::lock_guard lock(outcome_);
    failed = error_ != nullptr;
  }
  if (failed && !draining_) let_restore_end(stop);
  bulk_thread_ = {};
}

// A restore must not stand still for ever; what it makes is never let run. CRIU may still be about
// to hand over processes, and the stand-by process holds all descriptors, too: to close ours is no
// end.
void Filler::let_restore_end(const std::stop_token& stop) {
  try {
    while (!stop.stop_requested()) {
      spaces_.give_up();
      wait_and_handle();
    }
  } catch (const std::exception& error) {
    spdlog::warn("while a restore without its memory ends: {}", error.what());
  }
}

void Filler::wait_and_handle() {
  std::vector<pollfd> entries{{wake_.get(), POLLIN, 0},
                              {door_.fd(), POLLIN, 0},
                              {criu_ ? criu_->fd() : -1, POLLIN, 0},
                              {faults_ ? faults_->channel->in() : -1, POLLIN, 0}};
  const size_t first_space = entries.size();
  for (const int descriptor : spaces_.descriptors()) entries.push_back({descriptor, POLLIN, 0});
  const int ready = ::poll(entries.data(), entries.size(), static_cast<int>(tick_pause.count()));
  if (ready < 0 && errno != EINTR) throw SystemError(errno, "poll");
  if (ready <= 0) return;
  eventfd_t woken = 0;
  if (entries[0].revents) ::eventfd_read(wake_.get(), &woken);
  for (size_t i = first_space; i < entries.size(); ++i)
    if (entries[i].revents) spaces_.handle_events(entries[i].fd);
  place_asked();
  if (entries[3].revents) handle_faults();
  if (entries[2].revents) handle_criu();
  if (entries[1].revents) handle_visitor();
}

void Filler::handle_criu() {
  if (criu_->handle()) return;
  criu_.reset();
  placer_.open();
}

void Filler::handle_visitor() {
  auto visitor = door_.let_in();
  if (!visitor) return;
  if (visitor->kind == ChannelKind::bulk) {
    bulk_thread_ = {};  // a connection that comes again replaces the one before
    bulk_ = std::move(visitor);
    bulk_thread_ = std::jthread(
        [this, &bulk = *bulk_->channel](const std::stop_token& stop) { take_bulk(bulk, stop); });
  } else {
    const std::lock_guard lock(asking_);
    faults_ = std::move(visitor);
    listed_ = told_ = false;
    connected_ = true;
    heard_ = ticked_ = Clock::now();
  }
  if (faults_) spaces_.ask_again();
}

void Filler::handle_faults() {
  std::vector<std::byte> payload;
  try {
    const auto frame = faults_->channel->receive(payload, std::chrono::milliseconds(0), -1);
    if (!frame) return;
    heard_ = Clock::now();
    take(*frame, payload);
  } catch (const ChannelLost& lost) {
    lose(lost.what());
  }
}

void Filler::take(const Frame& frame, Bytes payload) {
  if (frame.kind == FrameKind::tick) return;
  if (frame.kind != FrameKind::drained) return placer_.take(frame, payload, /*urgent=*/true);
  const std::lock_guard lock(outcome_);
  acknowledged_ = true;
  changed_.notify_all();
}

void Filler::take_bulk(Channel& bulk, const std::stop_token& stop) {
  let_others_first();
  const UniqueFd wake(check("eventfd", ::eventfd(0, EFD_CLOEXEC)));
  const std::stop_callback waker(stop, [&] { ::eventfd_write(wake.get(), 1); });
  std::vector<std::byte> payload;
  try {
    while (!stop.stop_requested()) {
      const auto frame = bulk.receive(payload, std::chrono::hours(1), wake.get());
      if (!frame) continue;
      placer_.take(*frame, payload, /*urgent=*/false);
      filled();
    }
  } catch (const ChannelLost&) {
    bulk_broke_ = true;
  } catch (...) {
    fail(std::current_exception());
  }
  ::eventfd_write(wake_.get(), 1);
}

void Filler::take_named(const std::stop_token& stop) {
  let_others_first();
  try {
    while (placer_.place_next(stop)) filled();
  } catch (...) {
    fail(std::current_exception());
    ::eventfd_write(wake_.get(), 1);
  }
}

void Filler::filled() {
  if (draining_ && spaces_.complete()) ::eventfd_write(wake_.get(), 1);
}

void Filler::fail(std::exception_ptr error) {
  const std::lock_guard lock(outcome_);
  error_ = std::move(error);
  changed_.notify_all();
}

// Under the lock of the spaces, so what is here is put in place a little later.
void Filler::ask(pid_t process, uint64_t at_source) {
  const std::lock_guard lock(asking_);
  if (placer_.knows(process, at_source)) {
    asked_here_.emplace_back(process, at_source);
    ::eventfd_write(wake_.get(), 1);
    return;
  }
  if (!faults_) return;  // asked again as soon as there is a connection
  try {
    faults_->channel->send({.kind = FrameKind::ask,
                            .process = static_cast<uint32_t>(process),
                            .address = at_source,
                            .pages = 1});
  } catch (const ChannelLost&) {
    // Whoever reads from it notices too, and has it replaced.
  }
}

void Filler::place_asked() {
  std::vector<std::pair<pid_t, uint64_t>> asked;
  {
    const std::lock_guard lock(asking_);
    asked.swap(asked_here_);
  }
  for (const auto& [process, at_source] : asked) placer_.place_asked(process, at_source);
}

void Filler::send_list() {
  listed_ = true;
  Channel& channel = *faults_->channel;
  for (const auto& [process, range] : spaces_.missing()) {
    // The number of pages in a frame has 32 bits: 16 TB.
    channel.send({.kind = FrameKind::want,
                  .process = static_cast<uint32_t>(process),
                  .address = range.start,
                  .pages = static_cast<uint32_t>(range.pages)});
  }
  channel.send({.kind = FrameKind::want_end});
}

void Filler::drop_bulk() {
  bulk_thread_ = {};
  bulk_.reset();
  bulk_broke_ = false;
}

void Filler::lose(const std::string& why) {
  spdlog::warn("the source's page connection is gone: {}", why);
  drop_bulk();
  const std::lock_guard lock(asking_);
  faults_.reset();
  connected_ = false;
  lost_ = Clock::now();
}

void Filler::look_after_connection() {
  const auto now = Clock::now();
  // Once all is here its end is no loss, and the source's last word may come behind it.
  if (bulk_broke_ && told_) drop_bulk();
  if (bulk_broke_) lose("the bulk connection broke");
  if (!faults_) {
    const auto grace = draining_ ? grace_ : grace_before_drain;
    const bool too_long = lost_ != Clock::time_point() && now - lost_ > grace;
    if (too_long && !spaces_.complete())
      throw Failure("",
                    std::to_string(spaces_.numbers().missing * page_size >> 10) +
                        " KB of the app's memory were still at the source when the connection "
                        "to it was lost, and it did not come back",
                    "move with --mode eager over a link like this: then the app stays whole");
    return;
  }
  // Until there is a process to ask for, the source has nothing to say, and may be busy for long.
  if (spaces_.descriptors().empty()) heard_ = now;
  if (now - heard_ > channel_silence) return lose("the other side has been silent for 4 s");
  try {
    if (now - ticked_ >= tick_pause) {
      ticked_ = now;
      faults_->channel->send({.kind = FrameKind::tick});
    }
    // As soon as CRIU has handed over all there is, before the app runs: what comes until then it
    // need not wait for.
    if (!criu_ && !listed_ && bulk_) send_list();
  } catch (const ChannelLost& lost) {
    lose(lost.what());
  }
}

void Filler::settle() {
  if (!draining_ || !spaces_.complete()) return;
  if (faults_ && !told_) {
    told_ = true;
    try {
      faults_->channel->send({.kind = FrameKind::drained});
    } catch (const ChannelLost& lost) {
      return lose(lost.what());
    }
  }
  const std::lock_guard lock(outcome_);
  drained_ = true;
  changed_.notify_all();
}

}  // namespace wayferry
