// SPDX-License-Identifier: MIT
#include <memory>
#include <nlohmann/json.hpp>
#include <print>

#include "cli/verbs.h"
#include "session/compositor.h"
#include "session/monitor_client.h"
#include "util/error.h"

namespace wayferry {
namespace {

struct SwitchOptions {
  std::string name;
  std::string display;
  bool json = false;
};

void print_report(const SwitchOptions& options, const std::string& display,
                  const control::Attached& attached) {
  if (options.json) {
    const nlohmann::ordered_json report{
        {"name", options.name},
        {"display", display},
        {"attach_ms", attached.attach_ms()},
        {"objects", attached.objects()},
        {"inert", std::vector<std::string>(attached.inert().begin(), attached.inert().end())}};
    return std::println("{}", report.dump(2));
  }
  std::println("{}: at {} now, {} objects in {:.1f} ms", options.name, display, attached.objects(),
               attached.attach_ms());
  for (const std::string& inert : attached.inert()) std::println(stderr, "  {}", inert);
}

void switch_app(const LocalHost& host, const SwitchOptions& options) {
  living_sessions(host.store, host.engine);
  const SessionLock lock = host.store.lock(options.name);
  host.store.require(options.name);
  const std::string display = find_compositor(options.display);
  auto monitor = MonitorClient::connect(host.store.folders(options.name).control());
  if (!monitor) throw Failure("", "the monitor of '" + options.name + "' does not answer");
  print_report(options, display, monitor->switch_to(display));
}

}  // namespace

void add_switch(CLI::App& root, const LocalHost& host) {
  auto* verb = root.add_subcommand("switch", "Move an app's windows to another compositor here");
  auto options = std::make_shared<SwitchOptions>();
  verb->add_option("name", options->name, "The session")->required()->type_name("NAME");
  verb->add_option("--display", options->display, "Compositor: its socket's path or name");
  verb->add_flag("--json", options->json, "Report for scripts");
  verb->callback([&host, options] { switch_app(host, *options); });
}

}  // namespace wayferry
