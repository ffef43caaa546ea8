// SPDX-License-Identifier: MIT
#include "move/mover.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cctype>
#include <format>

#include "criu/warm_criu.h"
#include "engine/cgroup.h"
#include "move/ahead.h"
#include "move/checks.h"
#include "move/criu_log.h"
#include "move/foreign_sockets.h"
#include "move/image_folder.h"
#include "move/offer.h"
#include "move/outgoing.h"
#include "move/outgoing_drain.h"
#include "move/outgoing_images.h"
#include "move/page_place.h"
#include "move/resolve.h"
#include "move/running_memory.h"
#include "move/sampled_memory.h"
#include "move/steps.h"
#include "move/survey.h"

namespace wayferry {
namespace {

using transfer::ToSource;
using transfer::ToTarget;

// An app that has not read what it was sent by then is busy; what it has not read travels along.
constexpr std::chrono::milliseconds barrier_limit{300};

// Unpacking files on a slow disk; ssh itself notices a dead host far sooner. A restore may last
// longer, for it says that it goes on.
constexpr std::chrono::seconds work_limit{120};

// The step that comes after the commit.
constexpr const char* drain_step = "drain";

// Lazily the app is awaited on the target, and memory that did not go ahead follows, faster: this
// is for what any app touches first. Eagerly all that did not go ahead is downtime.
std::chrono::milliseconds usual_ahead(bool lazy) {
  return lazy ? std::chrono::milliseconds(50) : std::chrono::seconds(60);
}

class Mover {
 public:
  Mover(const LocalHost& here, const MoveRequest& request, MoveTarget& target,
        const MoveOptions& options, std::string& step)
      : here_(here),
        request_(request),
        target_(target),
        options_(options),
        step_(step),
        lock_(here.store.lock(request.name)),
        record_(here.store.require(request.name)),
        folders_(here.store.folders(request.name)),
        engine_(here.engine(record_.engine)),
        monitor_(connect_monitor()),
        out_(target.link, report_),
        steps_([this](const std::string& name) { before(name); }) {}

  MoveReport run() {
    target_.link.watch(options_.interrupt);
    steps_.run("look", [this] { look_here(); });
    steps_.run("connect", [this] { connect(); });
    steps_.run("check", [this] { check_both(); });
    if (target_.bring_image && record_.spec.base_kind == "image")
      steps_.run("image", [this] { bring_image(); });
    steps_.run("files", [this] { send_all_files(); });
    steps_.run("pre-warm", [this] { prewarm(); });
    steps_.run("early", [this] { send_early(); });
    steps_.run("barrier", [this] { raise_barrier(); });
    steps_.run("pause", [this] { pause(); });
    const auto paused = Steps::Clock::now();
    steps_.run("seal", [this] { seal(); });
    steps_.run("checkpoint", [this] {
      with_criu_log(here_.store, request_.name, "dump.log", [this] { checkpoint(); });
    });
    steps_.run("send", [this] { send_rest(); });
    steps_.run("restore", [this] { await_ready(); });
    steps_.split("adopt", ready_.adopt_ms());
    steps_.run("commit", [this] { commit(); });
    steps_.split("release", release_ms_);
    report_.downtime_ms = milliseconds_since(paused);
    report_.phases = steps_.phases();
    if (drain_) drain();
    clean_up();
    if (drain_) report_.drain = drain_->finish();  // the target has cleaned up meanwhile
    return std::move(report_);
  }

 private:
  void before(const std::string& step) {
    step_ = step;
    if (options_.interrupt && step != "commit") options_.interrupt->check();
    options_.fault.at(step, target_.kill_link);
  }

  MonitorClient connect_monitor() {
    require_settled(record_);
    if (auto monitor = MonitorClient::connect(folders_.control())) return std::move(*monitor);
    throw Failure("", "session '" + request_.name + "' has lost its monitor, its app is dead",
                  "wayferry ps removes what is left of it");
  }

  void save(SessionState state) {
    record_.state = state;
    here_.store.save(record_);
  }

  // While the target is being reached.
  void look_here() {
    survey_ = survey_session(here_, *engine_, record_, request_);
    report_.notes = std::move(survey_.notes);
    lazy_ = request_.mode != MoveMode::eager && survey_.facts.lazy_obstacles().empty();
    warm_up_here();
  }

  void connect() {
    if (lazy_) sampled_.emplace(by_inner_pid(engine_->processes(request_.name)));
    look_while_target_works();
    if (target_.await) target_.await();
  }

  ToSource await_answer(ToSource::MessageCase kind) {
    look_while_target_works();
    return expect_answer(target_.link, kind, work_limit);
  }

  void look_while_target_works() {
    if (sampled_)
      sampled_->look([this] { return !target_.link.speaks_within(std::chrono::milliseconds(0)); });
  }

  void check_both() {
    steps_.undo_with("session on the target", [this] { abort_target(); });
    record_.move_id = make_move_id();
    record_.move_host = target_.host;
    ToTarget offer = make_offer(record_, monitor_.status(), request_.display, survey_.memory);
    describe_volumes(survey_.volumes, *offer.mutable_offer());
    const VolumeMarkers markers(survey_.volumes, record_.move_id);
    out_.send(offer);
    if (lazy_) logins_ = log_in(page_door(folders_, record_.move_id));
    const auto answer = await_answer(ToSource::kFacts);
    decide_mode(answer.facts());
    require_fit(survey_.facts, answer.facts(), needs(), target_.host);
  }

  void decide_mode(const transfer::Facts& there) {
    const bool expected = lazy_;
    lazy_ = choose_lazy(request_.mode, survey_.facts, there, target_.host, report_.why_eager);
    report_.lazy = lazy_;
    if (lazy_ == expected) return;
    logins_ = {};
    sampled_.reset();
    warm_up_here();
  }

  Needs needs() const {
    return {.memory = lazy_ ? survey_.memory.lazy : survey_.memory.eager,
            .files = survey_.file_bytes,
            .following = lazy_ ? survey_.memory.following : 0};
  }

  // It goes another way than the link, on which silence would be taken for the source's end.
  void bring_image() {
    report_.base_bytes = target_.bring_image(*engine_, record_.spec, [this] { say_still_busy(); });
  }

  void say_still_busy() {
    if (options_.interrupt) options_.interrupt->check();
    if (Steps::Clock::now() - said_ < patience_pause) return;
    said_ = Steps::Clock::now();
    out_.patience();
  }

  void abort_target() {
    target_.link.watch(nullptr);  // a signal is perhaps why we are here
    give_up(target_.link);
  }

  void note_guards() {
    const auto guards = [](const auto& seen) { return seen.second.guards; };
    if (!brings_guards(survey_.facts.criu_version()) && std::ranges::any_of(seen_, guards))
      report_.notes.emplace_back(
          "its guard pages (below the stacks of threads, for example) became ordinary memory; CRIU "
          "4.2 and newer bring them along");
  }

  void send_all_files() {
    // After the trees were looked at, and before they are read: from here on times tell.
    clean_mapped_files(engine_->processes(request_.name));
    for (FileTree& tree : survey_.trees) out_.files(tree);
    await_answer(ToSource::kDone);
  }

  void prewarm() {
    ToTarget message;
    message.mutable_prewarm()->set_lazy(lazy_);
    message.mutable_prewarm()->set_keep_tcp(request_.keep_tcp);
    out_.send(message);
    const auto warm = await_answer(ToSource::kWarm).warm();
    room_ahead_ = warm.room();
    if (lazy_) connect_drain(warm.page_door());
  }

  void warm_up_here() {
    images_ = images_folder(folders_.runtime, folders_.disk, needs().memory);
    std::filesystem::remove_all(images_);  // of a mover that was killed
    std::filesystem::create_directories(images_);
    std::filesystem::create_directories(folders_.criu_work());
    steps_.undo_with("images", [images = images_] { std::filesystem::remove_all(images); });
    engine_->warm_up_checkpoint(request_.name, folders_.container(), checkpoint_options({}));
  }

  PageAddress page_address() const {
    return {.host = target_.host, .session = request_.name, .move_id = record_.move_id};
  }

  PageLogins log_in(const Path& door) const {
    return {page_address(), folders_, door, target_.shared ? &*target_.shared : nullptr};
  }

  void connect_drain(const Path& door) {
    if (!logins_.lead_to(door)) logins_ = log_in(door);  // it keeps its sessions elsewhere
    drain_.emplace(OutgoingApp{.name = request_.name,
                               .folders = folders_,
                               .address = page_address(),
                               .bytes_per_second = request_.bytes_per_second},
                   std::move(logins_), target_.link);
  }

  void send_early() {
    const auto processes = engine_->processes(request_.name);
    if (const auto told = engine_->await_warm_up(patience()); !told.empty())
      out_.restore_hint(told);
    out_.early_shared(processes);
    const AheadLimits limits{.time = request_.ahead.value_or(usual_ahead(lazy_)),
                             .bytes = room_ahead_,
                             .bytes_per_second = request_.bytes_per_second};
    ahead_ = send_ahead(out_, by_inner_pid(processes), limits, [this] { say_still_busy(); });
    out_.early_end(work_limit, [this] { learn_where_it_works(); });
    // Before anything stands still.
    warm_criu_.wait();
    if (drain_) drain_->await_connected();
    seen_ = see_private_pages(engine_->processes(request_.name));
    note_guards();
  }

  // What changed of what went ahead is known better, and comes before it.
  void learn_where_it_works() {
    if (sampled_) std::ranges::copy(sampled_->at_work(), std::back_inserter(ahead_.changed));
    sampled_.reset();  // three descriptors a process
  }

  void raise_barrier() {
    record_.lazy = lazy_;
    save(SessionState::moving);
    steps_.undo_with("barrier", [this] {
      monitor_.unseal();
      record_.move_id.clear();
      record_.move_host.clear();
      record_.lazy = false;
      save(SessionState::running);
    });
    monitor_.barrier(barrier_limit);
  }

  void pause() {
    steps_.undo_with("pause", [this] { engine_->resume(request_.name); });
    engine_->pause(request_.name);
    const ContainerDirs dirs = folders_.container();
    steps_.undo_with("network", [this, dirs] { engine_->open_network(record_.spec, dirs); });
    engine_->close_network(record_.spec, dirs);
    if (request_.close_foreign) note_foreign();
  }

  // Now that no other can be made. They are closed in the images only: here they stay what they
  // are.
  void note_foreign() {
    for (const ForeignSocket& socket : foreign_sockets_of(engine_->processes(request_.name))) {
      foreign_.insert(socket.inode);
      report_.notes.push_back("closed: the connection of " + to_text(socket));
    }
  }

  void seal() { sealed_ = monitor_.seal(engine_->processes(request_.name)); }

  void checkpoint() {
    const auto first = [this] {
      out_.state(sealed_.state());
      for (const FileTree& tree : survey_.trees) out_.file_differences(tree);
    };
    shipping_.emplace(out_, images_, foreign_, first);
    std::vector<ino_t> outer{sealed_.socket_inodes().begin(), sealed_.socket_inodes().end()};
    outer.insert(outer.end(), foreign_.begin(), foreign_.end());
    engine_->checkpoint(request_.name, folders_.container(), checkpoint_options(std::move(outer)));
  }

  CheckpointOptions checkpoint_options(std::vector<ino_t> outer_sockets) const {
    return {.images = images_,
            .outer_sockets = std::move(outer_sockets),
            .lazy = lazy_,
            .keep_tcp = request_.keep_tcp,
            .pages_seen = seen_,
            .patience = patience()};
  }

  Patience patience() const {
    return {.wake = options_.interrupt ? options_.interrupt->fd() : -1,
            .look = [this] { look_around(); }};
  }

  // While CRIU works: there may be nobody left for whom it does.
  void look_around() const {
    if (options_.interrupt) options_.interrupt->check();
    if (shipping_) shipping_->rethrow();
  }

  void send_rest() {
    shipping_->finish();
    if (drain_)
      drain_->start(images_, engine_->processes(request_.name), std::move(ahead_),
                    out_.early_pages());
    ToTarget message;
    message.mutable_restore();
    out_.send(message);
  }

  void await_ready() {
    ready_ = expect_answer(target_.link, ToSource::kReady, work_limit).ready();
    report_.objects = ready_.objects();
    report_.inert = {ready_.inert().begin(), ready_.inert().end()};
  }

  void commit() {
    target_.link.watch(nullptr);  // too late for signals
    monitor_.hold_until_told();
    save(SessionState::in_doubt);
    options_.fault.at("handover", target_.kill_link);
    const auto ask = [this] { return target_.ask(record_.move_id); };
    const Handover handover = hand_over(target_.link, ask, options_.limits);
    if (!handover.owner) {
      steps_.keep();
      throw InDoubt(target_.host,
                    "cannot be reached, and may or may not have taken over '" + request_.name +
                        "', which stays frozen here",
                    "when " + target_.host + " answers again: wayferry resolve " + request_.name);
    }
    if (*handover.owner == Owner::source)
      throw Failure(target_.host, "the app was not taken over at the last moment");
    steps_.keep();
    if (drain_) let_flow();
    release_ms_ = handover.release_ms;
  }

  void let_flow() {
    if (target_.shared) target_.shared->put_first();  // from now on somebody waits for what it has
    drain_->let_flow();
  }

  // The app runs there, and stands still here with the memory that it has not fetched yet: its end
  // here is a loss there.
  void drain() {
    step_ = drain_step;
    shipping_.reset();  // to close what watched the images takes 10 ms
    save(SessionState::draining);
    close_windows();
    drain_->wait(options_.progress);
  }

  void close_windows() {
    try {
      monitor_.dismiss();
    } catch (const std::exception& error) {
      spdlog::warn("the windows here: {}", error.what());  // must not keep the memory here
    }
  }

  void let_go_here() {
    if (!drain_) return let_go(here_, *engine_, monitor_, request_.name);
    remove_drained(here_, *engine_, request_.name);
  }

  // The move has succeeded: what goes wrong now is told, but is no failure.
  void clean_up() {
    report_.name = request_.name;
    report_.source = this_host();
    report_.target = target_.host;
    try {
      options_.fault.at("finish", target_.kill_link);
      let_go_here();
      for (const PlannedVolume& planned : survey_.volumes)
        if (planned.way == VolumeWay::carried)
          if (std::string line = retire_carried(*engine_, planned); !line.empty())
            report_.notes.push_back(std::move(line));
    } catch (const std::exception& error) {
      report_.left_over.push_back(std::string(error.what()) + "; wayferry resolve " +
                                  request_.name + " removes it");
    }
  }

  const LocalHost& here_;
  const MoveRequest& request_;
  MoveTarget& target_;
  const MoveOptions& options_;
  std::string& step_;  // for the error message, which is made after all this is gone
  SessionLock lock_;
  SessionRecord record_;
  SessionFolders folders_;
  std::unique_ptr<Engine> engine_;
  MonitorClient monitor_;
  MoveReport report_;
  Outgoing out_;
  Survey survey_;
  bool lazy_ = false;        // expected, until both hosts have been looked at
  std::set<ino_t> foreign_;  // the app's ends of connections that the move closes
  Steps::Clock::time_point said_ = Steps::Clock::now();  // that we are still there
  uint64_t room_ahead_ = 0;                              // bytes, at the target
  std::optional<SampledMemory> sampled_;
  SentAhead ahead_;
  PagesSeen seen_;
  WarmCriu warm_criu_;
  Path images_;
  control::Sealed sealed_;
  transfer::Ready ready_;
  double release_ms_ = 0;
  PageLogins logins_;  // until drain_ has them
  // Serves until the target is told to stop, which an undo does.
  std::optional<OutgoingDrain> drain_;      // of a lazy move
  Steps steps_;                             // its undos use all of the above …
  std::optional<OutgoingImages> shipping_;  // … but this one uses the link, and must end first
};

std::string with_step(const std::string& text, const std::string& step, const std::string& name) {
  if (step.empty()) return text;  // nothing was begun
  // Then it runs there, or has ended for want of what is here.
  if (step == drain_step)
    return std::format("{} (step {}; wayferry resolve {} sees to what is left of it here)", text,
                       step, name);
  return std::format("{} (step {}; {} goes on running on {})", text, step, name, this_host());
}

std::string with_words(const std::string& text, const MoveOptions& options) {
  std::string words = options.words ? options.words() : "";
  while (!words.empty() && std::isspace(static_cast<unsigned char>(words.back()))) words.pop_back();
  return words.empty() ? text : text + "; ssh said: " + words;
}

}  // namespace

MoveReport move_session(const LocalHost& here, const MoveRequest& request, MoveTarget target,
                        const MoveOptions& options) {
  std::string step;
  try {
    return Mover(here, request, target, options, step).run();
  } catch (const InDoubt&) {
    throw;
  } catch (const LinkLost& lost) {
    throw Failure(lost.host(), with_step(with_words(lost.text(), options), step, request.name));
  } catch (const Failure& failure) {
    const std::string host = failure.host().empty() ? this_host() : failure.host();
    throw Failure(host, with_step(failure.text(), step, request.name), failure.cure());
  } catch (const std::exception& error) {
    throw Failure(this_host(), with_step(error.what(), step, request.name));
  }
}

}  // namespace wayferry
