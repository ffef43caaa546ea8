// SPDX-License-Identifier: MIT
#include "ferry/manifest.h"

#include <sys/utsname.h>

#include <ctime>
#include <format>
#include <nlohmann/json.hpp>

#include "move/host.h"
#include "util/error.h"

namespace wayferry {
namespace {

using Json = nlohmann::ordered_json;

Json session_to_json(const transfer::Offer& offer) {
  Json globals = Json::array();
  for (const transfer::Global& global : offer.globals())
    globals.push_back({{"interface", global.interface()}, {"version", global.version()}});
  return {{"container", Json::parse(offer.container())},
          {"engine", offer.engine()},
          {"memory_bytes", offer.memory_bytes()},
          {"globals", globals}};
}

transfer::Offer session_from_json(const Json& json) {
  transfer::Offer offer;
  offer.set_container(json.at("container").dump());
  offer.set_engine(json.at("engine").get<std::string>());
  offer.set_memory_bytes(json.at("memory_bytes").get<uint64_t>());
  for (const Json& global : json.at("globals")) {
    offer.add_globals()->set_interface(global.at("interface").get<std::string>());
    offer.mutable_globals()->rbegin()->set_version(global.at("version").get<uint32_t>());
  }
  return offer;
}

Json machine_to_json(const transfer::Facts& facts) {
  return {{"architecture", facts.architecture()},
          {"cpu_features",
           std::vector<std::string>(facts.cpu_features().begin(), facts.cpu_features().end())},
          {"criu", facts.criu_version()}};
}

transfer::Facts machine_from_json(const Json& json) {
  transfer::Facts facts;
  facts.set_architecture(json.at("architecture").get<std::string>());
  for (const Json& feature : json.at("cpu_features"))
    facts.add_cpu_features(feature.get<std::string>());
  facts.set_criu_version(json.at("criu").get<std::string>());
  return facts;
}

void require_format(const Json& json, const std::string& file) {
  const int format = json.at("format").get<int>();
  if (format == ferry_format) return;
  throw Failure(
      file,
      std::format("its format is {}, written by wayferry {}; this wayferry reads format {}", format,
                  json.value("wayferry", "?"), ferry_format),
      "thaw it with the version of wayferry that froze it");
}

}  // namespace

Manifest manifest_for(transfer::Offer offer, transfer::Facts machine,
                      const std::string& program_version) {
  utsname names{};
  check("uname", ::uname(&names));
  offer.clear_move_id();
  offer.clear_display();
  return {.program_version = program_version,
          .host = this_host(),
          .kernel = names.release,
          .frozen_at = std::time(nullptr),
          .offer = std::move(offer),
          .machine = std::move(machine)};
}

std::string to_json(const Manifest& manifest) {
  const Json json{{"format", ferry_format},
                  {"wayferry", manifest.program_version},
                  {"host", manifest.host},
                  {"kernel", manifest.kernel},
                  {"frozen_at", manifest.frozen_at},
                  {"session", session_to_json(manifest.offer)},
                  {"machine", machine_to_json(manifest.machine)}};
  return json.dump(2) + "\n";
}

Manifest manifest_from_json(std::string_view text, const std::string& file) {
  try {
    const Json json = Json::parse(text);
    require_format(json, file);
    return {.program_version = json.at("wayferry").get<std::string>(),
            .host = json.at("host").get<std::string>(),
            .kernel = json.at("kernel").get<std::string>(),
            .frozen_at = json.at("frozen_at").get<int64_t>(),
            .offer = session_from_json(json.at("session")),
            .machine = machine_from_json(json.at("machine"))};
  } catch (const Json::exception& error) {
    throw ProtocolError(file + ", manifest", error.what());
  }
}

}  // namespace wayferry
