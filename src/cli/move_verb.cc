// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <chrono>
#include <memory>
#include <print>

#include "cli/verbs.h"
#include "move/image_bringer.h"
#include "move/mover.h"
#include "move/ssh.h"
#include "util/error.h"

namespace wayferry {
namespace {

struct MoveVerbOptions {
  MoveRequest request;
  std::string host;
  bool json = false;
  std::string mode = "eager";
};

// A bar for people, nothing for scripts.
std::function<void(uint64_t, uint64_t, uint64_t)> make_progress() {
  if (!::isatty(STDERR_FILENO)) return {};
  const auto start = std::chrono::steady_clock::now();
  return [start](uint64_t done, uint64_t all, uint64_t faults) {
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const double megabytes = static_cast<double>(done) * 4096 / 1e6;
    const double whole = static_cast<double>(all) * 4096 / 1e6;
    std::print(stderr, "\r  memory {:.0f} of {:.0f} MB, {:.0f} MB/s, waited for {} times{}",
               megabytes, whole, seconds > 0 ? megabytes / seconds : 0, faults,
               done == all ? "\n" : "");
  };
}

void tell_image_progress(uint64_t bytes) {
  if (::isatty(STDERR_FILENO))
    std::print(stderr, "\r  image {:.1f} MB", static_cast<double>(bytes) / 1e6);
}

void move_app(const LocalHost& here, const MoveVerbOptions& options) {
  const Interrupt interrupt;  // before the follower's thread
  const Fault fault = Fault::from_environment();
  living_sessions(here.store, here.engine);
  // Before ssh: that the host cannot be reached is then not what the user must know.
  require_settled(here.store.require(options.request.name));
  Receiving receiving(options.host, receive_there(options.host, fault.for_target()),
                      WAYFERRY_VERSION);
  const MoveTarget target{
      .host = options.host,
      .link = receiving.link(),
      .ask = [&](const std::string& id) { return ask_over_ssh(options.host, id); },
      .bring_image =
          [&](Engine& engine, const ContainerSpec& spec, const auto& still_busy) {
            return bring_image(engine, spec, options.host, [&](uint64_t bytes) {
              tell_image_progress(bytes);
              still_busy();
            });
          },
      .kill_link = [&] { receiving.kill(); }};
  const MoveReport report = move_session(
      here, options.request, target,
      {.fault = fault, .interrupt = &interrupt, .progress = make_progress(), .words = [&] {
         return receiving.words();
       }});
  if (options.json)
    std::println("{}", to_json(report));
  else
    std::print("{}", to_table(report));
}

}  // namespace

void add_move(CLI::App& root, const LocalHost& host) {
  auto* verb = root.add_subcommand("move", "Move a running app to another host");
  auto options = std::make_shared<MoveVerbOptions>();
  verb->add_option("name", options->request.name, "The session")->required()->type_name("NAME");
  verb->add_option("host", options->host, "Where to, as for ssh")->required()->type_name("HOST");
  verb->add_option("--display", options->request.display, "Compositor to use there");
  verb->add_option("--mode", options->mode,
                   "eager: memory comes along; lazy (experimental): it follows the running app")
      ->check(CLI::IsMember({"eager", "lazy"}))
      ->capture_default_str();
  verb->add_option("--limit-rate", options->request.bytes_per_second,
                   "Bytes a second for memory that follows, e.g. 20MB (lazy only)")
      ->transform(CLI::AsSizeValue(true));
  add_volume_options(*verb, options->request.volumes);
  verb->add_flag("--json", options->json, "Report for scripts");
  verb->callback([&host, options] {
    options->request.lazy = options->mode == "lazy";
    move_app(host, *options);
  });
}

}  // namespace wayferry
