// SPDX-License-Identifier: MIT
#include "stage.h"

#include <unistd.h>

#include <filesystem>

#include "monitor/attach.h"
#include "util/error.h"

namespace wayferry::test {
namespace {

using namespace std::chrono_literals;
constexpr auto limit = 20s;

}  // namespace

Stage::Stage()
    : folder_(std::filesystem::temp_directory_path() /
              ("wire_script." + std::to_string(::getpid()))) {
  std::filesystem::create_directories(folder_);
  auto [app, relay] = socket_pair();
  app_ = std::make_unique<FakeApp>(std::move(app));
  relay_ = std::make_unique<Relay>(std::move(relay));
}

Stage::~Stage() {
  std::filesystem::remove_all(folder_);
}

void Stage::change_compositor(const std::string& without) {
  std::vector<FakeCompositor::Global> globals = whole_baseline();
  std::erase_if(globals, [&](const auto& global) { return global.interface == without; });
  const Path display = folder_ / std::to_string(compositors_.size());
  compositors_.push_back(std::make_unique<FakeCompositor>(
      display, std::move(globals), FakeCompositor::Manners{.deletes_ids = deletes_ids_}));
  taken_ = 0;
  lost_ = false;
  attach(*relay_, display.native(), limit);
  // Of an attach the link's own words are no part of the story; that a sync of the app's is asked
  // for again shows in its answer.
  collect([](const Arrived& request) {
    return !request.is("wl_display.get_registry") && !request.is("wl_display.sync");
  });
  carry();
}

void Stage::travel() {
  state::Connection state;
  FileList files(state);
  save_connection(relay_->model(), state, files);
  FrozenConnection frozen;
  frozen.connection = load_connection(state, files.files());
  frozen.unfinished_request = as_text(relay_->app().received());
  UniqueFd socket(::dup(relay_->app().fd()));
  relay_ = std::make_unique<Relay>(std::move(socket), std::move(frozen));
  change_compositor("");
}

void Stage::hold(bool held) {
  relay_->hold(held);
  carry();
}

void Stage::compositor_deletes_ids(bool by_itself) {
  deletes_ids_ = by_itself;
  compositor().set_deletes_ids(by_itself);
}

// As the event loop does it: a compositor that misbehaves is left, and the app waits for another.
template <typename Talk>
void Stage::unless_lost(Talk talk) {
  if (lost_) return;
  try {
    talk();
  } catch (const CompositorLost&) {
    lost_ = true;
  } catch (const ProtocolError&) {
    lost_ = true;
  }
}

void Stage::carry() {
  unless_lost([&] {
    if (!cut_off_ && !relay_->drain_app()) cut_off_ = true;
    if (!cut_off_) relay_->round_trip(std::chrono::steady_clock::now() + limit);
    relay_->flush();
    if (cut_off_) relay_->app().close();
  });
  // The last word is the round trip's own sync; of one that is lost nobody knows whether it is
  // heard yet.
  const size_t new_words = compositor().heard().size() - taken_;
  size_t left = lost_ ? 0 : cut_off_ ? new_words : new_words - 1;
  collect([&](const Arrived&) {
    const bool taken = left > 0;
    left -= taken ? 1 : 0;
    return taken;
  });
}

uint32_t Stage::links_registry() {
  return raw(relay_->link()->registry());
}

void Stage::pump_app() {
  if (!cut_off_ && !relay_->pump_app()) cut_off_ = true;
}

void Stage::pump_compositor() {
  unless_lost([&] { relay_->pump_compositor(); });
}

void Stage::collect(const std::function<bool(const Arrived&)>& wanted) {
  for (Arrived& event : app_->hear()) at_app.push_back(std::move(event));
  const std::vector<Arrived> heard = compositor().heard();
  for (; taken_ < heard.size(); ++taken_)
    if (wanted(heard[taken_])) at_compositor.push_back(heard[taken_]);
}

}  // namespace wayferry::test
