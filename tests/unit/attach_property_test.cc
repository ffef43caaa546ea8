// SPDX-License-Identifier: MIT
//
// For random legal sequences of requests, the scene at a compositor after an attach is the scene
// that the same requests reach at a compositor directly, without a relay; and so it stays while the
// app goes on. The seed of a sequence that fails is printed with its shortest beginning that fails.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "../fake/fake_compositor.h"
#include "../fake/scene.h"
#include "../fake/wanderer.h"
#include "monitor/attach.h"
#include "wire/opcodes.gen.h"

namespace wayferry::test {
namespace {

using namespace std::chrono_literals;

constexpr uint32_t sequences = 25;
constexpr size_t steps_a_sequence = 120;
constexpr size_t steps_between_attaches = 40;

// A compositor and what it would show, safe to be looked at between exchanges.
struct Place {
  explicit Place(Path where) : display(std::move(where)), compositor(display, whole_baseline()) {
    compositor.on_client = [this] { scene.forget(); };
    compositor.on_request = [this](const Arrived& request) { scene.request(request); };
  }
  Path display;
  Scene scene;
  FakeCompositor compositor;
};

// What all sequences share.
struct World {
  World()
      : folder(std::filesystem::temp_directory_path() / ("property." + std::to_string(::getpid()))),
        made(std::filesystem::create_directories(folder)),
        direct(folder / "direct"),
        first(folder / "first"),
        second(folder / "second") {}
  ~World() { std::filesystem::remove_all(folder); }

  Path folder;
  bool made;
  Place direct;
  Place first, second;  // take turns
};

// The app says a sync and reads until it is answered: everything said before has been handled.
std::vector<Arrived> synced(FakeApp& app, const std::function<void()>& carry) {
  const uint32_t callback = app.make(protocol::wl_callback);
  app.say(1, protocol::wl_display, "sync", {callback});
  std::vector<Arrived> heard;
  for (bool done = false; !done;) {
    carry();
    for (Arrived& event : app.hear()) {
      done |= event.object == callback;
      heard.push_back(std::move(event));
    }
    if (app.closed()) throw std::runtime_error("the app is cut off");
  }
  return heard;
}

class DirectRun {
 public:
  explicit DirectRun(Place& place)
      : place_(place), app_(std::move(*connect_unix(place.display))), wanderer_(app_, [this] {
          return synced(app_, [this] { wait_readable(app_.fd(), 10s); });
        }) {}

  Wanderer& wanderer() { return wanderer_; }
  std::string scene() {
    return place_.scene.text([](uint32_t id) { return std::to_string(id); });
  }

 private:
  Place& place_;
  FakeApp app_;
  Wanderer wanderer_;
};

class RelayedRun {
 public:
  explicit RelayedRun(World& world) : RelayedRun(world, socket_pair()) {}

  Wanderer& wanderer() { return *wanderer_; }

  void attach_to_the_other() {
    at_ = at_ == &world_.first ? &world_.second : &world_.first;
    attach(*relay_, at_->display.native(), 10s);
    if (wanderer_) wanderer_->settle();
  }

  // In the app's numbers, by which the direct run calls the same objects. What only we know there
  // (copies, makers made again) has no name.
  std::string scene() {
    return at_->scene.text([this](uint32_t id) {
      const Object* object = relay_->model().objects.by_compositor(CompositorId{id});
      return object && object->life == Life::alive ? std::to_string(raw(object->app_id)) : "";
    });
  }

  std::vector<std::string> complaints() { return at_->compositor.complaints(); }

 private:
  RelayedRun(World& world, std::pair<UniqueFd, UniqueFd> sockets)
      : world_(world), app_(std::move(sockets.first)) {
    relay_ = std::make_unique<Relay>(std::move(sockets.second));
    attach_to_the_other();
    wanderer_ =
        std::make_unique<Wanderer>(app_, [this] { return synced(app_, [this] { carry(); }); });
  }

  void carry() {
    if (!relay_->drain_app()) throw std::runtime_error("the relay has cut the app off");
    relay_->round_trip(std::chrono::steady_clock::now() + 10s);
    relay_->flush();
  }

  World& world_;
  Place* at_ = nullptr;
  FakeApp app_;
  std::unique_ptr<Relay> relay_;
  std::unique_ptr<Wanderer> wanderer_;
};

// Lines of objects that have a name at both ends; a nameless line is of ours.
std::string comparable(const std::string& scene) {
  std::string kept;
  std::istringstream lines(scene);
  bool ours = false;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(' ')) ours = line.starts_with(':');
    if (!ours) kept += line + "\n";
  }
  return kept;
}

struct Outcome {
  size_t steps = 0;       // that were done
  std::string complaint;  // "" = all went well
  std::string story;
};

// Does the first `length` steps of a seed's sequence in both worlds, with an attach now and then
// and one at the end, and compares after each attach.
Outcome run(World& world, uint32_t seed, size_t length) {
  std::mt19937 random(seed);
  DirectRun direct(world.direct);
  RelayedRun relayed(world);
  Outcome outcome;
  for (size_t step = 1; step <= length; ++step) {
    outcome.steps = step;
    const auto number = static_cast<uint32_t>(random());
    const std::string did = direct.wanderer().step(number);
    relayed.wanderer().step(number);
    if (!did.empty()) outcome.story += "  " + std::to_string(step) + ": " + did + "\n";
    if (step % steps_between_attaches != 0 && step != length) continue;
    relayed.attach_to_the_other();
    outcome.story += "  attach\n";
    const std::string expected = comparable(direct.scene());
    const std::string reached = comparable(relayed.scene());
    if (reached != expected)
      outcome.complaint = "directly:\n" + expected + "after the attach:\n" + reached;
    for (const std::string& complaint : relayed.complaints()) outcome.complaint += complaint + "\n";
    if (!outcome.complaint.empty()) break;
  }
  return outcome;
}

TEST(AttachProperty, ReachesTheSceneThatTheSameRequestsReachDirectly) {
  World world;
  for (uint32_t seed = 1; seed <= sequences; ++seed) {
    Outcome outcome = run(world, seed, steps_a_sequence);
    if (outcome.complaint.empty()) continue;
    // The shortest beginning that fails tells the story best.
    for (size_t length = 1; length < outcome.steps; ++length) {
      const Outcome shorter = run(world, seed, length);
      if (!shorter.complaint.empty()) outcome = shorter;
    }
    FAIL() << "seed " << seed << ", " << outcome.steps << " steps\n"
           << outcome.story << outcome.complaint;
  }
}

}  // namespace
}  // namespace wayferry::test
