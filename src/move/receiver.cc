// SPDX-License-Identifier: MIT
#include "move/receiver.h"

#include <spdlog/spdlog.h>

#include <ctime>

#include "criu/warm_criu.h"
#include "engine/warm_groups.h"
#include "move/criu_log.h"
#include "move/facts.h"
#include "move/frozen_stage.h"
#include "move/handover.h"
#include "move/incoming_drain.h"
#include "move/journal.h"
#include "move/offer.h"
#include "move/page_place.h"
#include "move/requests.h"
#include "move/serve.h"
#include "move/steps.h"
#include "move/volumes.h"

namespace wayferry {
namespace {

using transfer::ToSource;
using transfer::ToTarget;

// Pages that are put in place while the source is asked whose the app is: 0.9 ms, about as long as
// that takes on a fast link.
constexpr uint64_t first_pages = 512;

std::string join(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

void require_base(const ContainerSpec& spec) {
  if (spec.base_kind == "rootfs" && !std::filesystem::is_directory(spec.base))
    throw Failure("", "the root file system " + spec.base + " is missing",
                  "copy it there, under the same path");
}

class Receiver {
 public:
  Receiver(const LocalHost& here, Link& link, const Fault& fault)
      : here_(here), link_(link), steps_([&fault](const std::string& step) { fault.at(step); }) {}

  void run() {
    const ToTarget first = next_request(link_);
    require_request(first, ToTarget::kOffer);
    steps_.run("check", [&] { accept(first.offer()); });
    ToTarget files = next_request(link_);  // the image, if it had to come, is here by then
    steps_.run("prepare", [this] { prepare(); });
    steps_.run("files", [&] { receive_files(link_, std::move(files), trees()); });
    answer_done(link_);
    const ToTarget order = next_request(link_);
    require_request(order, ToTarget::kPrewarm);
    lazy_ = order.prewarm().lazy();
    keep_tcp_ = order.prewarm().keep_tcp();
    steps_.run("pre-warm", [this] { prewarm(); });
    answer_warm(link_, room_ahead(images_->path(), image_bytes_),
                lazy_ ? page_door(folders_, record_.move_id).native() : "");
    steps_.run("receive", [this] { receive_app(); });
    steps_.run("restore", [this] {
      with_criu_log(here_.store, record_.spec.name, "restore.log", [this] { restore(); });
    });
    steps_.run("adopt", [this] { adopt(); });
    steps_.run("ready", [this] { say_ready(); });
    take_over(link_, *journal_, silence_limit);
    let_run();
  }

 private:
  // Undone in reverse: container, monitor, folders, and at the very last the journal, whose
  // "dropped" lets the source go on.
  void accept(const transfer::Offer& offer) {
    journal_.emplace(here_.store.roots().runtime, offer.move_id());
    steps_.undo_with("journal", [this] { journal_->drop(); });
    record_.spec = spec_from_json(offer.container(), "container from the source");
    const std::string& name = record_.spec.name;
    living_sessions(here_.store, here_.engine);
    lock_ = here_.store.lock_within(name, SessionStore::looking_limit);
    require_free(here_.store.load(name));
    require_base(record_.spec);
    record_.engine = offer.engine();
    record_.state = SessionState::incoming;
    record_.created = std::time(nullptr);
    record_.move_id = offer.move_id();
    record_.compositor = here_.find_compositor(offer.display());
    engine_ = here_.engine(record_.engine);
    engine_->demand_fitness();
    volumes_ = planned_volumes(*engine_, record_.spec, offer);
    require_shared(volumes_, offer.move_id());
    steps_.undo_with("folders", [this] { here_.store.remove(record_.spec.name); });
    here_.store.create(record_);
    folders_ = here_.store.folders(name);
    start_monitor(offer);
    eager_bytes_ = offer.memory_bytes();
    lazy_bytes_ = offer.lazy_memory_bytes();
    ToSource facts;
    *facts.mutable_facts() = gather_facts(here_.store.roots());
    link_.send(facts);
  }

  void require_free(const std::optional<SessionRecord>& there) const {
    if (lock_ && !there) return;
    const std::string name = "session '" + record_.spec.name + "'";
    if (there && there->state == SessionState::incoming)
      throw Failure("", "an earlier move of " + name + " is still waiting for its source",
                    "try again in half a minute");
    throw Failure("", "there is a " + name + " already",
                  "stop it there, or run this one under another name");
  }

  void start_monitor(const transfer::Offer& offer) {
    output_ = make_output_pipe();
    auto started = here_.start_monitor(folders_, record_, output_.read.get());
    output_.read.reset();
    monitor_.emplace(std::move(started.client));
    steps_.undo_with("monitor", [this] { monitor_->dismiss(); });
    record_.monitor_pid = started.pid;
    here_.store.save(record_);
    // Until go, the monitor belongs to this connection: if we are killed, it hears of it and
    // removes everything (abandoned.h).
    monitor_->barrier(std::chrono::milliseconds(0));
    const auto missing = monitor_->check_globals(globals_of(offer));
    if (!missing.empty())
      throw Failure("", "the compositor there lacks what the app uses: " + join(missing),
                    "move to a host with another compositor, or choose one with --display");
  }

  // Before any file comes: an engine with storage of its own makes the place for what the app wrote
  // only now.
  void prepare() {
    for (const PlannedVolume& planned : volumes_) {
      if (planned.way != VolumeWay::carried) continue;
      make_carried(planned);
      steps_.undo_with("volume", [this, planned] { remove_carried(*engine_, planned); });
    }
    const ContainerDirs dirs = folders_.container();
    std::filesystem::create_directories(dirs.writable / "upper");
    steps_.undo_with("container", [this, dirs] { engine_->remove(record_.spec.name, dirs); });
    engine_->prepare(record_.spec, dirs, Purpose::restore);
  }

  std::vector<Path> trees() const {
    return travelling_folders(*engine_, folders_.container(), volumes_);
  }

  void prewarm() {
    std::filesystem::create_directories(folders_.criu_work());
    image_bytes_ = lazy_ ? lazy_bytes_ : eager_bytes_;
    images_.emplace(images_folder(folders_.runtime, folders_.disk, image_bytes_));
    early_.emplace(images_->path());
    if (!lazy_) return;
    record_.lazy = true;
    here_.store.save(record_);
    standby_ = start_standby_for(app());
    filler_.emplace(filler_places(folders_, record_.move_id, images_->path()), drain_grace,
                    [this](int descriptor) { standby_->keep(descriptor); });
    filler_->use_early(*early_);
  }

  IncomingApp app() const { return {here_, *engine_, record_.spec.name}; }

  void receive_app() {
    receive_early(link_, *early_, [this](const std::string& told) {
      warm_groups_.keep();
      engine_->warm_up_restore(record_.spec.name, folders_.container(), restore_options(),
                               app_output(), told);
    });
    engine_->await_warm_restore(restore_options());
    warm_criu_.wait();
    warm_groups_.rest();
    answer_done(link_);
    state_ = receive_frozen(link_, trees(), *images_, *early_);
  }

  RestoreOptions restore_options() {
    return {.images = images_->path(),
            .lazy = lazy_,
            .keep_tcp = keep_tcp_,
            .patience = {.wake = link_.fd(), .look = [this] { look_at_source(); }}};
  }

  // It says nothing while it waits for a restore, unless it gives up; and waits as long as we do.
  void look_at_source() {
    ToTarget request;
    if (link_.receive_within(request, std::chrono::milliseconds(0)))
      require_request(request, ToTarget::kPatience);
    if (Steps::Clock::now() - said_ < patience_pause) return;
    said_ = Steps::Clock::now();
    ToSource message;
    message.mutable_patience();
    link_.send(message);
  }

  ContainerOutput app_output() const {
    return {.out = output_.write.get(), .err = output_.write.get()};
  }

  void restore() {
    const auto start = Steps::Clock::now();
    record_.init_pid =
        engine_->restore(record_.spec.name, folders_.container(), restore_options(), app_output());
    if (filler_) filler_->wait_drained(std::chrono::milliseconds(0));  // throws if it has failed
    ready_.set_restore_ms(milliseconds_since(start));
  }

  void adopt() {
    const auto start = Steps::Clock::now();
    const auto attached = monitor_->adopt(std::move(state_), engine_->processes(record_.spec.name));
    ready_.set_adopt_ms(milliseconds_since(start));
    ready_.set_attach_ms(attached.attach_ms());
    ready_.set_objects(attached.objects());
    for (const std::string& object : attached.inert()) ready_.add_inert(object);
  }

  void say_ready() {
    if (!journal_->set_ready()) throw Failure("", "the source has taken the app back");
    ToSource message;
    *message.mutable_ready() = ready_;
    link_.send(message);
    if (filler_) filler_->place_first(first_pages);
  }

  // The app is ours now. Up to the release it has not run here: if that cannot be done, it is
  // killed and then given back, so that there is never more than one.
  void let_run() {
    const auto start = Steps::Clock::now();
    try {
      steps_.run("release", [this] {
        monitor_->go(record_.init_pid);
        engine_->open_network(record_.spec, folders_.container());
        engine_->release(record_.spec.name);
      });
    } catch (const std::exception&) {
      engine_->kill(record_.spec.name, std::chrono::milliseconds(0));
      journal_->give_back();
      throw;
    }
    steps_.keep();
    const double release_ms = milliseconds_since(start);
    record_.state = SessionState::running;
    if (!lazy_) record_.move_id.clear();  // else a successor needs it
    here_.store.save(record_);
    std::filesystem::remove_all(images_->path());
    ToSource mine;
    mine.mutable_mine()->set_release_ms(release_ms);
    if (!filler_) return link_.send(mine);
    answer(link_, mine);  // the memory comes another way, and must, whether this one holds or not
    drain();
  }

  void drain() {
    filler_->drain();
    lead_incoming_drain(app(), *filler_, standby_);
    const SpacesNumbers numbers = filler_->numbers();
    ToSource message;
    transfer::Drained& drained = *message.mutable_drained();
    drained.set_pages(numbers.filled);
    drained.set_zero_pages(numbers.zeros);
    drained.set_dropped_pages(numbers.dropped);
    drained.set_arrived_pages(numbers.arrived);
    drained.set_faults(numbers.faults);
    drained.set_fault_p50_us(filler_->fault_times().percentile(0.5));
    drained.set_fault_p99_us(filler_->fault_times().percentile(0.99));
    // The session is held meanwhile, and whoever wants to move it on waits.
    static_assert(echo_limit < SessionStore::looking_limit);
    filler_->wait_acknowledged(echo_limit);
    // Whoever hears that all is over may move the session on at once: nothing of ours holds it
    // then.
    filler_.reset();
    standby_.reset();
    record_.move_id.clear();
    record_.lazy = false;
    here_.store.save(record_);
    lock_.reset();
    answer(link_, message);
  }

  const LocalHost& here_;
  Link& link_;
  std::optional<MoveJournal> journal_;
  std::optional<SessionLock> lock_;
  SessionRecord record_;
  SessionFolders folders_;
  std::unique_ptr<Engine> engine_;
  OutputPipe output_;
  std::vector<PlannedVolume> volumes_;
  std::optional<MonitorClient> monitor_;
  std::optional<ImageFolder> images_;
  std::string state_;
  transfer::Ready ready_;
  Steps::Clock::time_point said_ = Steps::Clock::now();  // that we are still there
  bool lazy_ = false;
  bool keep_tcp_ = false;
  uint64_t eager_bytes_ = 0;  // that images need
  uint64_t lazy_bytes_ = 0;
  uint64_t image_bytes_ = 0;  // the one of the two that counts
  std::optional<EarlyStore> early_;
  WarmCriu warm_criu_;
  WarmGroups warm_groups_;
  std::unique_ptr<Standby> standby_;  // in a lazy move
  std::optional<Filler> filler_;      // ends after the undos have ended the app
  Steps steps_;                       // last: its undos use all of the above
};

}  // namespace

bool receive_session(const LocalHost& here, Link& link, const Fault& fault) {
  return serve_to_end(link, [&] { Receiver(here, link, fault).run(); });
}

}  // namespace wayferry
