// SPDX-License-Identifier: MIT
#include <memory>
#include <print>

#include "cli/verbs.h"
#include "ferry/from_file.h"
#include "move/fault.h"
#include "move/ssh.h"
#include "util/error.h"

namespace wayferry {
namespace {

struct ThawOptions {
  FromFile from;
  bool json = false;
};

void thaw(const LocalHost& here, ThawOptions options) {
  const Interrupt interrupt;
  options.from.file = std::filesystem::absolute(options.from.file);
  Receiving receiving(this_host(), receive_here({}, Fault::from_environment().for_target()));
  receiving.await(WAYFERRY_VERSION);
  const MoveReport report = send_from_file(here, options.from, receiving.link(), &interrupt);
  if (options.json) return std::println("{}", to_json(report));
  std::println("{}", report.name);
}

}  // namespace

void add_thaw(CLI::App& root, const LocalHost& host) {
  auto* verb = root.add_subcommand("thaw", "Let an app go on from a file; prints its name");
  auto options = std::make_shared<ThawOptions>();
  verb->add_option("file", options->from.file, "A file that freeze wrote")
      ->required()
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  verb->add_option("--display", options->from.display, "Compositor to use");
  verb->add_flag("--json", options->json, "Report for scripts");
  verb->callback([&host, options] { thaw(host, *options); });
}

}  // namespace wayferry
