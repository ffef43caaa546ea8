// SPDX-License-Identifier: MIT
#include "session/record.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "session/names.h"
#include "util/error.h"

namespace wayferry {
namespace {

using nlohmann::json;

// Raised when a member changes its meaning; an older wayferry must not guess.
constexpr int record_format = 1;

constexpr std::array<std::pair<SessionState, std::string_view>, 5> state_names{{
    {SessionState::running, "running"},
    {SessionState::moving, "moving"},
    {SessionState::draining, "draining"},
    {SessionState::in_doubt, "in doubt"},
    {SessionState::incoming, "incoming"},
}};

SessionState state_from(const std::string& word, const std::string& where) {
  const auto found = std::ranges::find(state_names, word, [](const auto& e) { return e.second; });
  if (found == state_names.end()) throw ProtocolError(where, "unknown state '" + word + "'");
  return found->first;
}

Volume volume_from(const json& from, const std::string& where) {
  Volume volume;
  from.at("source").get_to(volume.source);
  from.at("target").get_to(volume.target);
  from.at("read_only").get_to(volume.read_only);
  // A name becomes part of a path.
  if (volume.named() && !valid_session_name(volume.source))
    throw ProtocolError(where, "bad name of a volume");
  if (!volume.target.starts_with('/')) throw ProtocolError(where, "bad place of a volume");
  return volume;
}

AppUser user_from(const json& from, const std::string& where) {
  AppUser user;
  from.at("uid").get_to(user.uid);
  from.at("gid").get_to(user.gid);
  from.at("name").get_to(user.name);
  from.at("home").get_to(user.home);
  if (!user.home.starts_with('/')) throw ProtocolError(where, "bad home of a user");
  return user;
}

ContainerSpec spec_from(const json& from, const std::string& where) {
  ContainerSpec spec;
  from.at("name").get_to(spec.name);
  from.at("argv").get_to(spec.argv);
  from.at("environment").get_to(spec.environment);
  from.at("working_directory").get_to(spec.working_directory);
  if (from.contains("user")) spec.user = user_from(from.at("user"), where);
  from.at("base_kind").get_to(spec.base_kind);
  from.at("base").get_to(spec.base);
  for (const json& volume : from.at("volumes")) spec.volumes.push_back(volume_from(volume, where));
  from.at("network").get_to(spec.network);
  spec.offer = from.value("offer", spec.offer);
  if (!valid_session_name(spec.name)) throw ProtocolError(where, "bad session name");
  if (spec.argv.empty()) throw ProtocolError(where, "no program to run");
  if (spec.base_kind != "rootfs" && spec.base_kind != "image")
    throw ProtocolError(where, "unknown kind of base '" + spec.base_kind + "'");
  return spec;
}

SessionRecord record_from(const json& from, const std::string& where) {
  const int format = from.at("format").get<int>();
  if (format != record_format)
    throw ProtocolError(where, "format " + std::to_string(format) + " is not known here");
  SessionRecord record;
  record.spec = spec_from(from.at("container"), where);
  from.at("engine").get_to(record.engine);
  record.state = state_from(from.at("state").get<std::string>(), where);
  from.at("init_pid").get_to(record.init_pid);
  from.at("monitor_pid").get_to(record.monitor_pid);
  from.at("compositor").get_to(record.compositor);
  from.at("created").get_to(record.created);
  from.at("move_id").get_to(record.move_id);
  from.at("move_host").get_to(record.move_host);
  record.lazy = from.value("lazy", false);
  return record;
}

// The one place where the JSON library's exceptions become ours.
template <typename Read>
auto parse(std::string_view text, const std::string& where, Read read) {
  try {
    return read(json::parse(text), where);
  } catch (const json::exception& error) {
    throw ProtocolError(where, error.what());
  }
}

}  // namespace

std::string_view to_string(SessionState state) {
  return std::ranges::find(state_names, state, [](const auto& e) { return e.first; })->second;
}

json to_json(const ContainerSpec& spec) {
  json volumes = json::array();
  for (const Volume& volume : spec.volumes)
    volumes.push_back(
        {{"source", volume.source}, {"target", volume.target}, {"read_only", volume.read_only}});
  return {{"name", spec.name},
          {"argv", spec.argv},
          {"environment", spec.environment},
          {"working_directory", spec.working_directory},
          {"user",
           {{"uid", spec.user.uid},
            {"gid", spec.user.gid},
            {"name", spec.user.name},
            {"home", spec.user.home}}},
          {"base_kind", spec.base_kind},
          {"base", spec.base},
          {"volumes", volumes},
          {"network", spec.network},
          {"offer", spec.offer}};
}

void require_settled(const SessionRecord& record) {
  if (record.state != SessionState::in_doubt) return;
  const std::string& name = record.spec.name;
  throw Failure("", "session '" + name + "' is in doubt since its move to " + record.move_host,
                "wayferry resolve " + name);
}

json to_json(const SessionRecord& record) {
  return {{"format", record_format},
          {"container", to_json(record.spec)},
          {"engine", record.engine},
          {"state", to_string(record.state)},
          {"init_pid", record.init_pid},
          {"monitor_pid", record.monitor_pid},
          {"compositor", record.compositor},
          {"created", record.created},
          {"move_id", record.move_id},
          {"move_host", record.move_host},
          {"lazy", record.lazy}};
}

ContainerSpec spec_from_json(std::string_view text, const std::string& where) {
  return parse(text, where, spec_from);
}

SessionRecord record_from_json(std::string_view text, const std::string& where) {
  return parse(text, where, record_from);
}

}  // namespace wayferry
