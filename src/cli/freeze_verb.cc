// SPDX-License-Identifier: MIT
#include <memory>
#include <print>

#include "cli/verbs.h"
#include "move/mover.h"
#include "move/resolve.h"
#include "move/ssh.h"
#include "util/error.h"

namespace wayferry {
namespace {

struct FreezeOptions {
  std::string name;
  std::string file;
  VolumeWishes volumes;
  bool close_foreign = false;
  bool with_image = false;
  bool oci = false;
  bool json = false;
};

std::vector<std::string> receiver_options(const FreezeOptions& options, const std::string& file) {
  std::vector<std::string> words{"--into", file};
  if (options.with_image) words.emplace_back("--with-image");
  if (options.oci) words.emplace_back("--oci");
  return words;
}

void freeze(const LocalHost& here, const FreezeOptions& options) {
  const Interrupt interrupt;  // before the follower's thread
  const Fault fault = Fault::from_environment();
  living_sessions(here.store, here.engine);
  require_settled(here.store.require(options.name));
  const std::string file = std::filesystem::absolute(options.file);
  Receiving receiving(file, receive_here(receiver_options(options, file), fault.for_target()));
  const MoveTarget target{.host = file,
                          .link = receiving.link(),
                          .await = [&] { receiving.await(WAYFERRY_VERSION); },
                          .ask = [&](const std::string& id) { return decide_here(here, id); },
                          .kill_link = [&] { receiving.kill(); }};
  const MoveReport report = move_session(
      here,
      {.name = options.name,
       .mode = MoveMode::eager,
       .volumes = options.volumes,
       .close_foreign = options.close_foreign},
      target,
      {.fault = fault, .interrupt = &interrupt, .words = [&] { return receiving.words(); }});
  if (options.json) return std::println("{}", to_json(report));
  std::println(stderr, "{} is frozen in {} ({:.1f} MB)", options.name, file,
               static_cast<double>(std::filesystem::file_size(file)) / 1e6);
  for (const std::string& note : report.notes) std::println(stderr, "note: {}", note);
}

}  // namespace

void add_freeze(CLI::App& root, const LocalHost& host) {
  auto* verb = root.add_subcommand("freeze", "Put a running app into a file, to be thawed later");
  auto options = std::make_shared<FreezeOptions>();
  verb->add_option("name", options->name, "The session")->required()->type_name("NAME");
  verb->add_option("file", options->file, "Where to; must not exist")
      ->required()
      ->type_name("FILE");
  add_volume_options(*verb, options->volumes);
  add_foreign_option(*verb, options->close_foreign);
  verb->add_flag("--with-image", options->with_image,
                 "The container's image too, for hosts that lack it");
  verb->add_flag("--oci", options->oci, "As an OCI image, which registries can store");
  verb->add_flag("--json", options->json, "Report for scripts");
  verb->callback([&host, options] { freeze(host, *options); });
}

}  // namespace wayferry
