// SPDX-License-Identifier: MIT
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <memory>

#include "../fake/fake_app.h"
#include "../fake/fake_compositor.h"
#include "monitor/attach.h"
#include "monitor/relay.h"
#include "util/error.h"
#include "wire/opcodes.gen.h"

// What the fuzz targets share: an app at a relay, far enough into its life that short inputs reach
// something. Ids are fixed, so that seeds can be written by hand: the registry is 2, the globals of
// the baseline follow in its order from 3 (seeds/README.md).

namespace wayferry::fuzz {

using test::FakeApp;
using test::FakeCompositor;
using namespace std::chrono_literals;

constexpr auto limit = 300ms;

/// A compositor for all inputs of the process, one connection after the other.
inline FakeCompositor& compositor(const Path& display) {
  static std::map<Path, std::unique_ptr<FakeCompositor>> all;
  std::unique_ptr<FakeCompositor>& found = all[display];
  if (!found) found = std::make_unique<FakeCompositor>(display, test::whole_baseline());
  return *found;
}

inline Path display(const char* name) {
  return std::filesystem::temp_directory_path() /
         ("wayferry_fuzz." + std::to_string(::getpid()) + "." + name);
}

inline UniqueFd some_file() {
  static const UniqueFd file(check("memfd_create", ::memfd_create("fuzz", MFD_CLOEXEC)));
  return file.duplicate();
}

/// Binds every global of the baseline: ids 3 and up.
inline void start(FakeApp& app) {
  const uint32_t registry = app.make(protocol::wl_registry);
  app.say(1, protocol::wl_display, "get_registry", {registry});
  uint32_t name = 1;
  for (const BaselineGlobal& global : baseline())
    app.say(registry, protocol::wl_registry, "bind",
            {name++, global.interface->name, global.version, app.make(*global.interface)});
}

/// What is written can be read, and says the same when it is written again.
inline void travels(Relay& relay) {
  state::Connection first;
  FileList files(first);
  save_connection(relay.model(), first, files);
  const auto loaded = load_connection(first, files.files());
  state::Connection second;
  FileList same_files(second);
  save_connection(*loaded, second, same_files);
  CHECK(first.SerializeAsString() == second.SerializeAsString());
}

/// Whatever an app or a state said, a compositor hears nothing that breaks the tables.
inline void nothing_wrong_at(const FakeCompositor& compositor) {
  for (const std::string& complaint : compositor.complaints()) {
    std::fprintf(stderr, "the compositor complains: %s\n", complaint.c_str());
    CHECK(compositor.complaints().empty());
  }
}

}  // namespace wayferry::fuzz
