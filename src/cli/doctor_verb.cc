// SPDX-License-Identifier: MIT
#include <memory>
#include <nlohmann/json.hpp>
#include <print>

#include "cli/verbs.h"
#include "criu/host_checks.h"
#include "engine/docker.h"
#include "monitor/attach.h"
#include "move/ssh.h"
#include "util/error.h"
#include "util/process.h"

namespace wayferry {
namespace {

struct DoctorOptions {
  std::string host;
  bool json = false;
};

HostCheck check_compositor(const LocalHost& host) {
  try {
    return {.name = "compositor", .ok = true, .detail = host.find_compositor(""), .cure = ""};
  } catch (const Failure& failure) {
    return {.name = "compositor", .ok = false, .detail = failure.text(), .cure = failure.cure()};
  }
}

// What apps are offered here, for `run --compat` elsewhere.
Offer globals_here(const HostCheck& compositor) {
  constexpr std::chrono::seconds limit{5};
  return compositor.ok ? offer_of(compositor.detail, limit) : Offer{};
}

nlohmann::json examine_here(const LocalHost& host) {
  std::vector<HostCheck> checks = check_host();
  if (auto docker = check_docker()) checks.push_back(std::move(*docker));
  checks.push_back(check_compositor(host));
  auto list = nlohmann::json::array();
  for (const HostCheck& check : checks)
    list.push_back(
        {{"name", check.name}, {"ok", check.ok}, {"detail", check.detail}, {"cure", check.cure}});
  return {{"host", this_host()},
          {"version", WAYFERRY_VERSION},
          {"checks", list},
          {"globals", globals_here(checks.back())}};
}

nlohmann::json examine_there(const std::string& host) {
  const Output output = run(ssh_command(host, {"wayferry", "doctor", "--json"}));
  // A doctor that found something wrong also ends with 1; what it printed tells them apart.
  const auto result = nlohmann::json::parse(output.out, nullptr, false);
  if (result.is_object() && result.contains("checks")) return result;
  throw Failure(
      host,
      "no doctor's report came back (status " + std::to_string(output.status) + "): " + output.err,
      "`ssh " + host + " wayferry --version` must work without a password");
}

bool print_checks(const nlohmann::json& result) {
  bool all = true;
  std::println("{} (wayferry {})", result.at("host").get<std::string>(),
               result.at("version").get<std::string>());
  for (const auto& check : result.at("checks")) {
    const bool ok = check.at("ok").get<bool>();
    all = all && ok;
    std::println("  {} {:<28} {}", ok ? "ok  " : "BAD ", check.at("name").get<std::string>(),
                 check.at("detail").get<std::string>());
    if (!ok) std::println("       cure: {}", check.at("cure").get<std::string>());
  }
  return all;
}

bool all_ok(const nlohmann::json& result) {
  return std::ranges::all_of(result.at("checks"),
                             [](const auto& check) { return check.at("ok").template get<bool>(); });
}

void examine(const LocalHost& host, const DoctorOptions& options) {
  const nlohmann::json result =
      options.host.empty() ? examine_here(host) : examine_there(options.host);
  if (options.json) std::println("{}", result.dump(2));
  const bool ok = options.json ? all_ok(result) : print_checks(result);
  if (!ok) throw Failure(result.at("host").get<std::string>(), "not everything is as it must be");
}

}  // namespace

void add_doctor(CLI::App& root, const LocalHost& host) {
  auto* verb = root.add_subcommand("doctor", "Check whether a host can run and move apps");
  auto options = std::make_shared<DoctorOptions>();
  verb->add_option("host", options->host, "Another host, through ssh")->type_name("HOST");
  verb->add_flag("--json", options->json, "For scripts");
  verb->callback([&host, options] { examine(host, *options); });
}

}  // namespace wayferry
