// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <memory>
#include <print>

#include "cli/verbs.h"
#include "move/image_bringer.h"
#include "move/mover.h"
#include "move/ssh.h"
#include "util/error.h"
#include "util/heap.h"

namespace wayferry {
namespace {

struct MoveVerbOptions {
  MoveRequest request;
  std::string host;
  bool json = false;
  std::string mode;
  std::optional<double> ahead;  // seconds
};

// A bar on a terminal, elsewhere a line now and then.
std::function<void(const DrainProgress&)> make_progress() {
  constexpr unsigned width = 30;
  if (::isatty(STDERR_FILENO))
    return [](const DrainProgress& progress) {
      std::print(stderr, "\r  {} {}\033[K{}", progress.bar(width), progress.text(),
                 progress.complete() ? "\n" : "");
    };
  static constexpr std::chrono::seconds pause{5};
  const auto next = std::make_shared<std::chrono::steady_clock::time_point>(
      std::chrono::steady_clock::now() + pause);
  return [next](const DrainProgress& progress) {
    const auto now = std::chrono::steady_clock::now();
    if (now < *next) return;
    *next = now + pause;
    std::println(stderr, "wayferry: memory: {}", progress.text());
  };
}

void tell_image_progress(uint64_t bytes) {
  if (::isatty(STDERR_FILENO))
    std::print(stderr, "\r  image {:.1f} MB", static_cast<double>(bytes) / 1e6);
}

MoveMode mode_from(const std::string& word) {
  if (word.empty()) return MoveMode::best;
  return word == "lazy" ? MoveMode::lazy : MoveMode::eager;
}

void move_app(const LocalHost& here, const MoveVerbOptions& options) {
  keep_freed_memory();
  const Interrupt interrupt;  // before the follower's thread
  const Fault fault = Fault::from_environment();
  living_sessions(here.store, here.engine);
  // Before ssh: that the host cannot be reached is then not what the user must know.
  require_settled(here.store.require(options.request.name));
  const Path control = lending_place(here.store.folders(options.request.name).runtime);
  Receiving receiving(options.host, receive_there(options.host, control, fault.for_target()),
                      control);
  const MoveTarget target{
      .host = options.host,
      .link = receiving.link(),
      .await = [&] { receiving.await(WAYFERRY_VERSION); },
      .ask = [&](const std::string& id) { return ask_over_ssh(options.host, id); },
      .bring_image =
          [&](Engine& engine, const ContainerSpec& spec, const auto& still_busy) {
            return bring_image(engine, spec, options.host, [&](uint64_t bytes) {
              tell_image_progress(bytes);
              still_busy();
            });
          },
      .shared = receiving.shared(),
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
                   "eager: memory comes along; lazy: it follows the running app (default: lazy "
                   "where both hosts can)")
      ->check(CLI::IsMember({"eager", "lazy"}));
  verb->add_option("--limit-rate", options->request.bytes_per_second,
                   "Bytes a second for memory that goes ahead or follows, e.g. 20MB")
      ->transform(CLI::AsSizeValue(true));
  verb->add_option("--ahead", options->ahead,
                   "Seconds, at most, in which memory is copied before the app stands still "
                   "(default: 0.05; 60 with --mode eager)")
      ->check(CLI::Range(0.0, 86400.0));
  add_volume_options(*verb, options->request.volumes);
  add_foreign_option(*verb, options->request.close_foreign);
  verb->add_flag("--tcp", options->request.keep_tcp,
                 "Keep TCP connections; the container's address must move too (run --network)");
  verb->add_flag("--json", options->json, "Report for scripts");
  verb->callback([&host, options] {
    options->request.mode = mode_from(options->mode);
    if (options->ahead)
      options->request.ahead = std::chrono::milliseconds(std::llround(*options->ahead * 1000));
    move_app(host, *options);
  });
}

}  // namespace wayferry
