// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "fake_app.h"
#include "fake_compositor.h"
#include "monitor/attach.h"
#include "monitor/relay.h"
#include "wire/opcodes.gen.h"

// An app, a relay and compositors to attach it to, all in this process, with what most tests of the
// relay begin with: a window.

namespace wayferry::test {

inline const std::vector<FakeCompositor::Global> plain = {
    {"wl_compositor", 6}, {"wl_subcompositor", 1}, {"wl_shm", 2},
    {"wl_seat", 9},       {"wl_output", 4},        {"xdg_wm_base", 5},
    {"wp_viewporter", 1}, {"wl_drm", 2},           {"zxdg_decoration_manager_v1", 1}};

// A connection's state as it travels, with its pools' files kept beside it.
struct Saved {
  state::Connection message;
  std::vector<std::shared_ptr<PoolFile>> files;
};

inline Saved save(Relay& relay) {
  Saved saved;
  FileList files(saved.message);
  save_connection(relay.model(), saved.message, files);
  saved.files = files.files();
  return saved;
}

class RelayTest : public ::testing::Test {
 protected:
  RelayTest()
      : folder_(std::filesystem::temp_directory_path() /
                ("relay_test." + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
    auto [app, relay] = socket_pair();
    app_ = std::make_unique<FakeApp>(std::move(app));
    relay_ = std::make_unique<Relay>(std::move(relay));
  }
  ~RelayTest() override { std::filesystem::remove_all(folder_); }

  std::string display(const std::string& name) { return (folder_ / name).native(); }

  FakeCompositor& compositor(const std::string& name,
                             std::vector<FakeCompositor::Global> globals = plain) {
    compositors_.push_back(std::make_unique<FakeCompositor>(display(name), std::move(globals)));
    attach(*relay_, display(name), std::chrono::seconds(5));
    return *compositors_.back();
  }

  // Lets everything said so far arrive at both ends; returns what the app heard.
  std::vector<std::string> exchange() {
    alive_ = relay_->drain_app();
    if (alive_) relay_->round_trip(std::chrono::steady_clock::now() + std::chrono::seconds(5));
    relay_->flush();
    return app_->events();
  }

  void start_app() {
    registry_ = app_->make(protocol::wl_registry);
    app_->say(1, protocol::wl_display, "get_registry", {registry_});
    exchange();
    compositor_ = app_->bind(registry_, "wl_compositor", 6);
    shm_ = app_->bind(registry_, "wl_shm", 1);
    wm_ = app_->bind(registry_, "xdg_wm_base", 5);
    exchange();
  }

  // A window with contents, made the way toolkits do: the pool is destroyed at once.
  void show_window() {
    surface_ = app_->make(protocol::wl_surface);
    app_->say(compositor_, protocol::wl_compositor, "create_surface", {surface_});
    xdg_surface_ = app_->make(protocol::xdg_surface);
    app_->say(wm_, protocol::xdg_wm_base, "get_xdg_surface", {xdg_surface_, surface_});
    toplevel_ = app_->make(protocol::xdg_toplevel);
    app_->say(xdg_surface_, protocol::xdg_surface, "get_toplevel", {toplevel_});
    app_->say(toplevel_, protocol::xdg_toplevel, "set_title", {std::string_view("first")});
    app_->say(toplevel_, protocol::xdg_toplevel, "set_title", {std::string_view("second")});
    app_->say(surface_, protocol::wl_surface, "commit", {});
    const auto events = exchange();
    ack(events);
    const uint32_t pool = app_->make(protocol::wl_shm_pool);
    app_->queue_fd(UniqueFd(::memfd_create("pool", MFD_CLOEXEC)));
    app_->say(shm_, protocol::wl_shm, "create_pool", {pool, 4096u});
    buffer_ = app_->make(protocol::wl_buffer);
    app_->say(pool, protocol::wl_shm_pool, "create_buffer", {buffer_, 0u, 16u, 16u, 64u, 0u});
    app_->say(pool, protocol::wl_shm_pool, "destroy", {});
    app_->say(surface_, protocol::wl_surface, "attach", {buffer_, 0u, 0u});
    app_->say(surface_, protocol::wl_surface, "damage", {0u, 0u, 16u, 16u});
    app_->say(surface_, protocol::wl_surface, "commit", {});
    exchange();
  }

  // The window has the keyboard's focus; the name of the keyboard.
  std::string focus_keyboard(FakeCompositor& where) {
    const uint32_t seat = app_->bind(registry_, "wl_seat", 9);
    const uint32_t keyboard = app_->make(protocol::wl_keyboard);
    app_->say(seat, protocol::wl_seat, "get_keyboard", {keyboard});
    exchange();
    where.send("wl_keyboard", "enter", {7u, there(surface_), std::string_view()});
    EXPECT_EQ(count(exchange(), name("wl_keyboard", keyboard) + ".enter"), 1u);
    return name("wl_keyboard", keyboard);
  }

  void ack(const std::vector<std::string>& events) {
    for (const std::string& event : events)
      if (event.starts_with("xdg_surface@") && event.find("configure(") != std::string::npos)
        last_serial_ =
            static_cast<uint32_t>(std::stoul(event.substr(event.find("configure(") + 10)));
    app_->say(xdg_surface_, protocol::xdg_surface, "ack_configure", {last_serial_});
  }

  // The app is written down and goes on where that is read, without a compositor yet.
  void travel() {
    const Saved saved = save(*relay_);
    FrozenConnection frozen;
    frozen.connection = load_connection(saved.message, saved.files);
    auto [app, relay] = socket_pair();
    app_->reconnect(std::move(app));
    relay_ = std::make_unique<Relay>(std::move(relay), std::move(frozen));
  }

  static std::string name(const char* interface, uint32_t id) {
    return std::string(interface) + "@" + std::to_string(id);
  }

  uint32_t bind(const char* interface) {
    return app_->bind(registry_, interface, baseline_version(*find_interface(interface)));
  }

  uint32_t there(uint32_t object) {
    return raw(relay_->model().objects.by_app(AppId{object})->compositor_id);
  }

  void start_with_everything() {
    compositor("a", whole_baseline());
    start_app();
    show_window();
  }

  // What the next compositor, which has everything, hears; it must have nothing against it.
  std::vector<std::string> all_said_at(const char* next) {
    FakeCompositor& there = compositor(next, whole_baseline());
    exchange();
    EXPECT_TRUE(there.complaints().empty()) << there.complaints().front();
    return there.requests();
  }

  static size_t count(const std::vector<std::string>& lines, const std::string& part) {
    return static_cast<size_t>(std::ranges::count_if(
        lines, [&](const std::string& line) { return line.find(part) != std::string::npos; }));
  }

  Path folder_;
  std::unique_ptr<FakeApp> app_;
  std::vector<std::unique_ptr<FakeCompositor>> compositors_;
  std::unique_ptr<Relay> relay_;
  bool alive_ = true;
  uint32_t registry_ = 0, compositor_ = 0, shm_ = 0, wm_ = 0;
  uint32_t surface_ = 0, xdg_surface_ = 0, toplevel_ = 0, buffer_ = 0;
  uint32_t last_serial_ = 0;
};

}  // namespace wayferry::test
