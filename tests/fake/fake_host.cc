// SPDX-License-Identifier: MIT
#include "fake/fake_host.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "session/frame.h"
#include "util/error.h"

namespace wayferry::fake {
namespace {

namespace fs = std::filesystem;

constexpr size_t page_bytes = 3'000'000;  // several pieces

class FakeEngine : public Engine {
 public:
  FakeEngine(World& world, std::string host) : world_(world), host_(std::move(host)) {}

  EngineImage image(const std::string&) override { return {}; }
  ImageCommands image_commands(const std::string&) override { return {}; }
  Accounts accounts(const ContainerSpec&) override { return {}; }
  Path named_volume(const std::string& name) override { return name; }
  void remove_named_volume(const std::string&) override {}
  void prepare(const ContainerSpec&, const ContainerDirs&, Purpose) override {
    set(AppState::prepared);
  }
  pid_t start(const std::string&, const ContainerDirs&, const ContainerOutput&) override {
    set(AppState::running);
    return ::getpid();
  }
  std::vector<pid_t> processes(const std::string&) override { return {::getpid()}; }
  void pause(const std::string&) override { change(AppState::running, AppState::frozen); }
  void resume(const std::string&) override { change(AppState::frozen, AppState::running); }
  void checkpoint(const std::string&, const ContainerDirs&,
                  const CheckpointOptions& options) override {
    std::ofstream(options.images / "core-1.img") << "core";
    std::ofstream(options.images / "pages-1.img") << std::string(page_bytes, 'p');
    std::ofstream(options.images / "empty.img");
  }
  pid_t restore(const std::string&, const ContainerDirs&, const RestoreOptions& options,
                const ContainerOutput&) override {
    if (fs::file_size(options.images / "pages-1.img") != page_bytes)
      throw Failure("", "images are not complete");
    change(AppState::prepared, AppState::restored);
    return ::getpid();
  }
  void release(const std::string&) override { change(AppState::restored, AppState::running); }
  void kill(const std::string&, std::chrono::milliseconds) override { set(AppState::none); }
  void remove(const std::string&, const ContainerDirs&) override { set(AppState::none); }

 private:
  void set(AppState state) { world_.set(host_, state); }
  void change(AppState from, AppState to) {
    if (world_.get(host_) == from) set(to);
  }

  World& world_;
  std::string host_;
};

control::Reply reply_to(const control::Request& request) {
  control::Reply reply;
  if (request.has_status()) {
    auto* global = reply.mutable_status()->add_bound();
    global->set_interface("wl_compositor");
    global->set_version(6);
  } else if (request.has_seal()) {
    reply.mutable_sealed()->set_state("sealed state");
    reply.mutable_sealed()->add_socket_inodes(7);
  } else if (request.has_check_globals()) {
    reply.mutable_globals_checked();
  } else if (request.has_adopt()) {
    reply.mutable_attached()->set_objects(request.adopt().state() == "sealed state" ? 23 : 0);
  } else {
    reply.mutable_done();
  }
  return reply;
}

}  // namespace

class Monitor {
 public:
  explicit Monitor(const Path& control) : listener_(listen_unix(control)) {
    thread_ = std::jthread([this] { accept_all(); });
  }
  ~Monitor() { ::shutdown(listener_.get(), SHUT_RDWR); }

 private:
  void accept_all() {
    std::vector<std::jthread> served;
    while (true) {
      UniqueFd socket(::accept(listener_.get(), nullptr, nullptr));
      if (!socket) return;
      served.emplace_back([socket = std::move(socket)] { serve(socket.get()); });
    }
  }

  static void serve(int socket) {
    try {
      while (const auto bytes = read_frame(socket, 1u << 24, "control")) {
        control::Request request;
        parse_frame(request, *bytes, "control");
        write_frame(socket, reply_to(request));
      }
    } catch (const SystemError&) {
      // The client went away before its answer.
    }
  }

  UniqueFd listener_;
  std::jthread thread_;
};

void World::set(const std::string& host, AppState state) {
  const std::scoped_lock lock(mutex_);
  const auto known = std::ranges::find(apps_, host, [](const auto& a) { return a.first; });
  if (known == apps_.end())
    apps_.emplace_back(host, state);
  else
    known->second = state;
  const auto count = std::ranges::count(apps_, AppState::running, [](auto& a) { return a.second; });
  two_ran_ = two_ran_ || count > 1;
}

AppState World::get(const std::string& host) const {
  const std::scoped_lock lock(mutex_);
  const auto known = std::ranges::find(apps_, host, [](const auto& a) { return a.first; });
  return known == apps_.end() ? AppState::none : known->second;
}

int World::running() const {
  const std::scoped_lock lock(mutex_);
  return static_cast<int>(
      std::ranges::count(apps_, AppState::running, [](auto& a) { return a.second; }));
}

Host::Host(World& world, std::string name, const Path& folder)
    : world_(world),
      name_(std::move(name)),
      base_(folder / "base"),
      local_{.store =
                 SessionStore({.runtime = folder / name_ / "run", .disk = folder / name_ / "disk"}),
             .engine = [this](const std::string&) -> std::unique_ptr<Engine> {
               return std::make_unique<FakeEngine>(world_, name_);
             },
             .start_monitor = [this](const SessionFolders& folders, const SessionRecord&,
                                     int) { return start_monitor(folders); },
             .find_compositor = [](const std::string&) { return std::string("/wayland-0"); }} {
  fs::create_directories(base_);
  fs::create_directories(folder / name_ / "run");
  fs::create_directories(folder / name_ / "disk");
}

Host::~Host() = default;

StartedMonitor Host::start_monitor(const SessionFolders& folders) {
  monitors_.push_back(std::make_unique<Monitor>(folders.control()));
  return {::getpid(), *MonitorClient::connect(folders.control())};
}

void Host::run(const std::string& session) {
  SessionRecord record;
  record.spec.name = session;
  record.spec.argv = {"foot"};
  record.spec.base_kind = "rootfs";
  record.spec.base = base_;
  local_.store.create(record);
  const SessionFolders folders = local_.store.folders(session);
  const Path upper = folders.container().writable / "upper";
  fs::create_directories(upper);
  std::ofstream(upper / "written") << "by the app";
  start_monitor(folders);
  world_.set(name_, AppState::running);
}

}  // namespace wayferry::fake
